import { pointer } from '../../common/clean-text.js';
import type { BarcodeFormat, PassTypeDesign } from '../../passes/pass-type.js';
import { fieldNamed, isAlwaysThere, possibleValues } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import type { Add } from './design-problem.js';
import { isEncoding, isExpressible, NEW_FORMATS, spoiledBy, unfitMessage } from './symbology.js';

/** Barcodes: each message against its format and encoding, and the order for older systems. */
export function checkBarcodes(design: PassTypeDesign, add: Add): void {
  const { barcodes } = design.apple!;
  for (const [index, { format, message, messageEncoding }] of barcodes.entries()) {
    const at = pointer('apple', 'barcodes', index);
    if (!isEncoding(messageEncoding)) {
      add(`${at}/messageEncoding`, `"${messageEncoding}" is no encoding.`, 'Write "iso-8859-1" or "utf-8".');
    }
    const possible = possibleValues(message, design);
    for (const one of possible ?? []) {
      const unfit = unfitMessage(format, one);
      if (unfit) add(`${at}/message`, `"${one}" ${unfit.refused}.`, unfit.cure);
      else if (!isExpressible(one, messageEncoding) && messageEncoding.toLowerCase() !== 'iso-8859-1') {
        add(`${at}/message`, `"${one}" cannot be written in ${messageEncoding}.`, 'Write the encoding "utf-8".');
      }
    }
    if (!possible) checkOpenMessage(format, message, `${at}/message`, design, add);
  }
  if (barcodes.length > 0 && !barcodes.some(({ message }) => isAlwaysThere(message, design))) {
    const optional = barcodes.flatMap(({ message }) => placeholders(message)).join(', ');
    const cure = 'Make it required, give it a default, or put a code with {{pass.serialNumber}} after the others.';
    add('/apple/barcodes', `Passes without a value for ${optional} have no barcode.`, cure, 'warning');
  }
  const firstOld = barcodes.findIndex(({ format }) => !NEW_FORMATS.has(format));
  if (barcodes.length > 0 && firstOld === -1) {
    add(
      '/apple/barcodes',
      'Systems before iOS 27 know none of these formats and show no barcode.',
      'Put a PKBarcodeFormatQR, PDF417, Aztec or Code128 after them.',
      'warning',
    );
  }
  for (const [index, { format }] of barcodes.entries()) {
    if (!NEW_FORMATS.has(format) || firstOld === -1 || index < firstOld) continue;
    const before = 'A format that every system knows stands before it, so this one never shows.';
    add(pointer('apple', 'barcodes', index, 'format'), before, 'Put it first.', 'warning');
  }
}

/** What stands for the values of a type that always look alike. */
const LOOKS: Readonly<Record<string, string>> = {
  date: '2026-12-31',
  datetime: '2026-12-31T18:30:00Z',
  boolean: 'true',
  url: 'https://a.example/b',
  number: '1',
  integer: '1',
  'pass.serialNumber': 'Q7xz-_bV',
  'pass.url': 'https://a.example/p/Q7xz-_bV',
};

/** A message whose values are open: whether any of them could ever be written in its format. */
function checkOpenMessage(
  format: BarcodeFormat,
  message: string,
  path: string,
  design: PassTypeDesign,
  add: Add,
): void {
  const known = message.replace(/\{\{\s*([A-Za-z][\w.-]*)\s*\}\}/g, (_, name: string) => {
    const type = fieldNamed(name, design)?.type;
    return LOOKS[type ?? name] ?? '';
  });
  const spoiled = spoiledBy(format, known);
  if (!spoiled) return;
  add(path, `${JSON.stringify(message)} never fits ${format}: it takes ${spoiled.says} only.`, spoiled.cure);
}
