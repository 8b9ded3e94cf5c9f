import { NEW_BARCODE_FORMATS, type BarcodeFormat } from '../../passes/pass-type.js';

export const NEW_FORMATS: ReadonlySet<string> = new Set(NEW_BARCODE_FORMATS);

export interface Unfit {
  refused: string;
  cure: string;
}

/** Bytes that a two-dimensional code holds at most (ISO/IEC 18004, 24778 and 15438); characters of a linear one on a phone. */
const MOST: Readonly<Record<BarcodeFormat, number>> = {
  PKBarcodeFormatQR: 2953,
  PKBarcodeFormatAztec: 1914,
  PKBarcodeFormatPDF417: 1108,
  PKBarcodeFormatCode128: 130,
  PKBarcodeFormatCode39: 43,
  PKBarcodeFormatCodabar: 43,
  PKBarcodeFormatEAN13: 13,
  PKBarcodeFormatI2of5: 40,
};

const CONTENT: Partial<Record<BarcodeFormat, { form: RegExp; signs: RegExp; says: string }>> = {
  PKBarcodeFormatCode128: {
    form: /^[\u0000-\u007f]+$/,
    signs: /^[\u0000-\u007f]*$/,
    says: 'letters, digits and signs of ASCII',
  },
  PKBarcodeFormatCode39: {
    form: /^[0-9A-Z \-.$/+%]+$/,
    signs: /^[0-9A-Z \-.$/+%]*$/,
    says: '0-9, A-Z, blanks and -.$/+%',
  },
  PKBarcodeFormatCodabar: {
    form: /^[A-D][0-9\-$:/.+]+[A-D]$/,
    signs: /^[A-D0-9\-$:/.+]*$/,
    says: '0-9 and -$:/.+ between two of A to D',
  },
  PKBarcodeFormatEAN13: { form: /^\d{12,13}$/, signs: /^\d*$/, says: '12 or 13 digits' },
  PKBarcodeFormatI2of5: { form: /^(?:\d\d)+$/, signs: /^\d*$/, says: 'an even number of digits' },
};

const LARGEST_CODE: Readonly<Record<string, number>> = { 'iso-8859-1': 0xff, 'us-ascii': 0x7f, ascii: 0x7f };

/** Whether an encoding's name is one that is registered. */
export function isEncoding(name: string): boolean {
  if (name.toLowerCase() in LARGEST_CODE) return true;
  try {
    return new TextDecoder(name) instanceof TextDecoder;
  } catch {
    // An unknown label throws a RangeError, and that is the answer.
    return false;
  }
}

/** Whether a message can be written in an encoding; what is not known of an encoding counts as yes. */
export function isExpressible(message: string, encoding: string): boolean {
  const largest = LARGEST_CODE[encoding.toLowerCase()];
  return largest === undefined || [...message].every((char) => char.codePointAt(0)! <= largest);
}

/** The last digit of an EAN-13 by the twelve before it (GS1 General Specifications). */
function checkDigit(digits: string): number {
  const sum = [...digits.slice(0, 12)].reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0);
  return (10 - (sum % 10)) % 10;
}

/** Why a message does not fit a barcode; undefined where it does. */
export function unfitMessage(format: BarcodeFormat, message: string): Unfit | undefined {
  if (message === '')
    return { refused: 'is empty', cure: 'Name a field that always has a value, or {{pass.serialNumber}}.' };
  const most = MOST[format];
  const size = CONTENT[format]
    ? message.length
    : Buffer.byteLength(message, isExpressible(message, 'iso-8859-1') ? 'latin1' : 'utf8');
  if (size > most)
    return {
      refused: `is longer than the ${most} that ${format} holds`,
      cure: 'Shorten it, or choose PKBarcodeFormatQR.',
    };
  const content = CONTENT[format];
  if (content && !content.form.test(message)) {
    return {
      refused: `holds what ${format} cannot write`,
      cure: `Use ${content.says} only, or choose PKBarcodeFormatQR.`,
    };
  }
  if (format === 'PKBarcodeFormatEAN13' && message.length === 13 && Number(message[12]) !== checkDigit(message)) {
    return {
      refused: 'has a wrong check digit',
      cure: `End it with ${checkDigit(message)}, or leave the last digit out.`,
    };
  }
  return undefined;
}

/** What a format says where a part of its message holds signs that it cannot write; undefined where it can. */
export function spoiledBy(format: BarcodeFormat, part: string): { says: string; cure: string } | undefined {
  const content = CONTENT[format];
  if (!content || content.signs.test(part)) return undefined;
  return { says: content.says, cure: 'Name a field with such values, or choose PKBarcodeFormatQR.' };
}
