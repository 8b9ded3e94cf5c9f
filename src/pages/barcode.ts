import bwipjs from 'bwip-js';
import QRCode from 'qrcode';
import { createRecent } from '../common/remember.js';
import { NEW_BARCODE_FORMATS, type BarcodeFormat } from '../passes/pass-type.js';
import { symbologyOf, unfitMessage } from '../passes/symbology.js';

/** A barcode as an SVG element that needs no style and no request. */
export interface BarcodeSvg {
  svg: string;
  /** Codes that are much wider than high take the width of their card. */
  wide: boolean;
}

interface Modules {
  width: number;
  height: number;
  /** Whether the module at this place, row by row, is dark. */
  isDark(index: number): boolean;
}

/** More would make the page heavier than it may be, and finer than a camera reads from a screen. */
const MAX_CHARS = 16_384;
/**
 * Longer messages are refused before they are encoded, which takes seconds for the longest ones. What is a little shorter
 * may still turn out to be too fine.
 */
const MAX_BYTES: Readonly<Record<BarcodeFormat, number>> = {
  PKBarcodeFormatQR: 1_000,
  PKBarcodeFormatAztec: 400,
  PKBarcodeFormatPDF417: 450,
  PKBarcodeFormatCode128: 130,
  PKBarcodeFormatCode39: 43,
  PKBarcodeFormatCodabar: 43,
  PKBarcodeFormatEAN13: 13,
  PKBarcodeFormatI2of5: 40,
};
/** Drawn codes are kept: a page is opened again and again, and its codes change with the pass alone. */
const KEPT_CHARS = 8 * 1024 * 1024;
/** Bars of a linear code, in modules high for each that it is wide. */
const LINEAR_RATIO = 0.24;
const MAX_LINEAR_MODULES = 700;

/** The drawing library pads an odd number of digits with a zero, which makes another code. */
const EXACT: ReadonlySet<string> = new Set(NEW_BARCODE_FORMATS);

const BEYOND_ALL = Math.max(...Object.values(MAX_BYTES));

const SYMBOLS = {
  PKBarcodeFormatPDF417: 'pdf417',
  PKBarcodeFormatAztec: 'azteccode',
  PKBarcodeFormatCode128: 'code128',
  PKBarcodeFormatCode39: 'code39',
  PKBarcodeFormatCodabar: 'rationalizedCodabar',
  PKBarcodeFormatEAN13: 'ean13',
  PKBarcodeFormatI2of5: 'interleaved2of5',
} as const satisfies Partial<Record<BarcodeFormat, string>>;

/** The bytes of a message as wallets write them: one for each character where Latin-1 can, else UTF-8. */
const bytesOf = (message: string): string =>
  /^[\u0000-\u00ff]*$/.test(message) ? message : Buffer.from(message).toString('latin1');

const bytesIn = (message: string): number =>
  message.length > BEYOND_ALL ? Infinity : Buffer.byteLength(bytesOf(message), 'latin1');

function qrModules(text: string): Modules {
  const { size, data } = QRCode.create(text, { errorCorrectionLevel: text.length > 300 ? 'L' : 'M' }).modules;
  return { width: size, height: size, isDark: (index) => Boolean(data[index]) };
}

function modulesOf(format: BarcodeFormat, message: string): Modules {
  if (format === 'PKBarcodeFormatQR') return qrModules(message);
  const [symbol] = bwipjs.raw({ bcid: SYMBOLS[format], text: bytesOf(message), binarytext: true });
  if (!symbol) throw new Error('no symbol');
  if ('pixs' in symbol) {
    const { pixs, pixx, pixy } = symbol;
    return { width: pixx, height: pixy, isDark: (index) => pixs[index] === 1 };
  }
  // Bars and gaps by turns, in modules.
  const row = symbol.sbs.flatMap((modules, index) => Array<boolean>(modules).fill(index % 2 === 0));
  if (row.length > MAX_LINEAR_MODULES) throw new Error('too long for a screen');
  const height = Math.round(row.length * LINEAR_RATIO);
  return { width: row.length, height, isDark: (index) => row[index % row.length]! };
}

/** Runs of dark modules as rectangles, equal rows as one: a tenth of the text that a square for each would take. */
function pathOf({ width, height, isDark }: Modules): string {
  const path: string[] = [];
  const rowAt = (y: number): string =>
    Array.from({ length: width }, (_, x) => (isDark(y * width + x) ? '1' : '0')).join('');
  for (let y = 0; y < height;) {
    const row = rowAt(y);
    let rows = 1;
    while (y + rows < height && rowAt(y + rows) === row) rows++;
    for (const run of row.matchAll(/1+/g)) {
      path.push(`M${run.index} ${y}h${run[0].length}v${rows}h-${run[0].length}z`);
    }
    y += rows;
  }
  return path.join('');
}

const drawn = createRecent<BarcodeSvg | undefined>(KEPT_CHARS, (code) => (code?.svg.length ?? 0) + 256);

/**
 * Draws a message in one of Wallet's formats. `label` is what a screen reader says. Undefined where the message does
 * not fit into the format: too long, or of characters that it lacks.
 */
export function barcodeSvg(format: BarcodeFormat, message: string, label: string): BarcodeSvg | undefined {
  if (bytesIn(message) > MAX_BYTES[format]) return undefined;
  if (EXACT.has(format) && unfitMessage(symbologyOf(format), message)) return undefined;
  const name = `${format}\n${label}\n${message}`;
  const known = drawn.get(name);
  return known ? known.value : drawn.set(name, draw(format, message, label));
}

function draw(format: BarcodeFormat, message: string, label: string): BarcodeSvg | undefined {
  let modules: Modules;
  try {
    modules = modulesOf(format, message);
  } catch {
    return undefined;
  }
  const path = pathOf(modules);
  if (path.length > MAX_CHARS) return undefined;
  const { width, height } = modules;
  const title = label.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  return {
    svg: `<svg role="img" aria-label="${title}" viewBox="0 0 ${width} ${height}" shape-rendering="crispEdges"><path fill="#000" d="${path}"/></svg>`,
    wide: width > height * 1.5,
  };
}

/** A QR code of an address. */
export const qrCodeSvg = (text: string, label: string): string | undefined =>
  barcodeSvg('PKBarcodeFormatQR', text, label)?.svg;
