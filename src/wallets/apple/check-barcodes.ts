import { pointer } from '../../common/clean-text.js';
import { NEW_BARCODE_FORMATS, type PassTypeDesign } from '../../passes/pass-type.js';
import { isAlwaysThere, possibleValues } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import { isEncoding, isExpressible, neverFits, symbologyOf, unfitMessage } from '../../passes/symbology.js';
import type { Add } from './design-problem.js';

const NEW_FORMATS: ReadonlySet<string> = new Set(NEW_BARCODE_FORMATS);

const isKnownEverywhere = ({ format }: { format: string }): boolean =>
  !NEW_FORMATS.has(format) && format !== 'PKBarcodeFormatCode128';

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
      const unfit = unfitMessage(symbologyOf(format), one);
      if (unfit) add(`${at}/message`, `"${one}" ${unfit.refused}.`, unfit.cure);
      else if (!isExpressible(one, messageEncoding) && messageEncoding.toLowerCase() !== 'iso-8859-1') {
        add(`${at}/message`, `"${one}" cannot be written in ${messageEncoding}.`, 'Write the encoding "utf-8".');
      }
    }
    const never = possible ? undefined : neverFits(symbologyOf(format), message, design);
    if (never) add(`${at}/message`, `${never.says}.`, never.cure);
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
    if (firstOld === -1 || index <= firstOld) continue;
    // Watches know no Code 128, and a code without a value gives way to the next one.
    const isSure = barcodes.slice(0, index).some((one) => isKnownEverywhere(one) && isAlwaysThere(one.message, design));
    if (!NEW_FORMATS.has(format) && !isSure) continue;
    const before = 'A format that every system knows comes before it, so this one never shows.';
    add(pointer('apple', 'barcodes', index, 'format'), before, 'Put it first.', 'warning');
  }
}
