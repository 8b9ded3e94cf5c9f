import type { JsonValue } from '../../common/json.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { isAlwaysThere, possibleValues } from '../../passes/possible-values.js';
import { lookup, placeholders, type View } from '../../passes/render.js';
import { neverFits, unfitMessage, type Symbology } from '../../passes/symbology.js';
import type { Report } from './check-design.js';

/** Google's types of barcodes without underscores, and what they draw; TEXT_ONLY takes any text. */
const SYMBOLOGIES: Readonly<Record<string, Symbology>> = {
  AZTEC: 'Aztec',
  CODE39: 'Code39',
  CODE128: 'Code128',
  CODABAR: 'Codabar',
  DATAMATRIX: 'DataMatrix',
  EAN8: 'EAN8',
  EAN13: 'EAN13',
  ITF14: 'ITF14',
  PDF417: 'PDF417',
  QRCODE: 'QR',
  UPCA: 'UPCA',
};

function symbologyOf(type: JsonValue | undefined): Symbology | undefined {
  const name = typeof type === 'string' ? type.replaceAll('_', '').toUpperCase() : '';
  return Object.hasOwn(SYMBOLOGIES, name) ? SYMBOLOGIES[name] : undefined;
}

type Barcode = Readonly<Record<string, JsonValue>>;

/** Why a rendered barcode cannot be drawn: no value of this pass in it, or one that its type cannot write. */
export function unfitBarcode(template: Barcode, { type, value }: Barcode, view: View): string | undefined {
  const names = placeholders(template['value']);
  if (names.length > 0 && names.every((name) => (lookup(name, view) ?? '') === '')) return 'is empty';
  const symbology = symbologyOf(type);
  if (symbology === undefined || typeof value !== 'string') return undefined;
  return unfitMessage(symbology, value)?.refused;
}

/** The value of a barcode against its type, and whether every pass has one. */
export function checkBarcode(
  { type, value }: Barcode,
  design: Pick<PassTypeDesign, 'fields' | 'visuals'>,
  report: Report,
): void {
  if (typeof value !== 'string') return;
  if (!isAlwaysThere(value, design)) {
    const named = placeholders(value).join(', ');
    const cure = 'Make it required, or give it a default.';
    report(`passes without a value for ${named} have no barcode`, cure, 'warning');
  }
  const symbology = symbologyOf(type);
  if (symbology === undefined) return;
  const possible = possibleValues(value, design);
  for (const one of possible ?? []) {
    const unfit = unfitMessage(symbology, one);
    if (unfit) report(`the value "${one}" ${unfit.refused}`, unfit.cure);
  }
  const never = possible ? undefined : neverFits(symbology, value, design);
  if (never) report(never.says, never.cure);
}
