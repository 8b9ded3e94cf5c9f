import QRCode from 'qrcode';

/**
 * A QR code as an SVG element that needs no style and no request. `label` is what a screen reader says; the bytes of
 * the text are written as UTF-8. Undefined where the text does not fit into a QR code (about 2,900 bytes).
 */
export function qrCodeSvg(text: string, label: string): string | undefined {
  let size: number;
  let data: Uint8Array | Uint8ClampedArray | number[];
  try {
    ({ size, data } = QRCode.create(text, { errorCorrectionLevel: text.length > 300 ? 'L' : 'M' }).modules);
  } catch {
    return undefined;
  }
  // Runs of dark modules as horizontal strokes: a tenth of the text that a square for each would take.
  const path: string[] = [];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (!data[y * size + x]) continue;
      const start = x;
      while (x < size && data[y * size + x]) x++;
      path.push(`M${start} ${y}h${x - start}v1h-${x - start}z`);
    }
  }
  const title = label.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<svg role="img" aria-label="${title}" viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges"><path fill="#000" d="${path.join('')}"/></svg>`;
}
