import { pointer } from '../../common/clean-text.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { possibleValues } from '../../passes/possible-values.js';
import type { Add } from './design-problem.js';
import { isEncoding, isExpressible, NEW_FORMATS, unfitMessage } from './symbology.js';

/** Barcodes: each message against its format and encoding, and the order for older systems. */
export function checkBarcodes(design: PassTypeDesign, add: Add): void {
  const { barcodes } = design.apple!;
  for (const [index, { format, message, messageEncoding }] of barcodes.entries()) {
    const at = pointer('apple', 'barcodes', index);
    if (!isEncoding(messageEncoding)) {
      add(`${at}/messageEncoding`, `"${messageEncoding}" is no encoding.`, 'Write "iso-8859-1" or "utf-8".');
    }
    for (const one of possibleValues(message, design) ?? []) {
      const unfit = unfitMessage(format, one);
      if (unfit) add(`${at}/message`, `"${one}" ${unfit.refused}.`, unfit.cure);
      else if (!isExpressible(one, messageEncoding) && messageEncoding.toLowerCase() !== 'iso-8859-1') {
        add(`${at}/message`, `"${one}" cannot be written in ${messageEncoding}.`, 'Write the encoding "utf-8".');
      }
    }
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
