import { isEmptyText } from '../common/tidy-text.js';
import type { BarcodeFormat, PassTypeDesign } from './pass-type.js';
import { fieldNamed } from './possible-values.js';

/** Barcodes by the names of the field, whatever a wallet calls them. */
export type Symbology =
  | 'QR'
  | 'Aztec'
  | 'PDF417'
  | 'DataMatrix'
  | 'Code128'
  | 'Code39'
  | 'Codabar'
  | 'EAN13'
  | 'EAN8'
  | 'UPCA'
  | 'ITF14'
  | 'I2of5';

export const symbologyOf = (format: BarcodeFormat): Symbology => format.slice('PKBarcodeFormat'.length) as Symbology;

export interface Unfit {
  refused: string;
  cure: string;
}

interface Content {
  form: RegExp;
  signs: RegExp;
  says: string;
}

/** Digits with a check digit at their end, which may be left out (GS1 General Specifications). */
const gs1 = (length: number): Content & { length: number } => ({
  form: new RegExp(`^\\d{${length - 1},${length}}$`),
  signs: /^\d*$/,
  says: `${length - 1} or ${length} digits`,
  length,
});

const GS1: Partial<Record<Symbology, ReturnType<typeof gs1>>> = {
  EAN13: gs1(13),
  EAN8: gs1(8),
  UPCA: gs1(12),
  ITF14: gs1(14),
};

/** Bytes that a two-dimensional code holds at most (ISO/IEC 18004, 24778, 15438, 16022); characters of a linear one on a phone. */
const MOST: Readonly<Record<Symbology, number>> = {
  QR: 2953,
  Aztec: 1914,
  PDF417: 1108,
  DataMatrix: 1556,
  Code128: 130,
  Code39: 43,
  Codabar: 43,
  EAN13: 13,
  EAN8: 8,
  UPCA: 12,
  ITF14: 14,
  I2of5: 40,
};

const CONTENT: Partial<Record<Symbology, Content>> = {
  Code128: {
    form: /^[\u0000-\u007f]+$/,
    signs: /^[\u0000-\u007f]*$/,
    says: 'letters, digits and signs of ASCII',
  },
  Code39: {
    form: /^[0-9A-Z \-.$/+%]+$/,
    signs: /^[0-9A-Z \-.$/+%]*$/,
    says: '0-9, A-Z, blanks and -.$/+%',
  },
  Codabar: {
    form: /^[A-D][0-9\-$:/.+]+[A-D]$/,
    signs: /^[A-D0-9\-$:/.+]*$/,
    says: '0-9 and -$:/.+ between two of A to D',
  },
  I2of5: { form: /^(?:\d\d)+$/, signs: /^\d*$/, says: 'an even number of digits' },
  ...GS1,
};

const LARGEST_CODE: Readonly<Record<string, number>> = {
  ...Object.fromEntries(['iso-8859-1', 'iso_8859-1', 'iso8859-1', 'latin1', 'l1'].map((name) => [name, 0xff])),
  'us-ascii': 0x7f,
  ascii: 0x7f,
};

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

const TWO_BYTES = /^(?:shift_jis|euc-jp|euc-kr|big5|gbk)$/;
/** Some versions of Node decode its upper signs as control characters. */
const WINDOWS_1252: ReadonlySet<string> = new Set([
  ...'€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ',
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
    (char) => !/[\u0080-\u009f]/.test(char),
  ),
]);
const repertoires = new Map<string, ReadonlySet<string> | 'everything'>();

/** The characters that an encoding has, as its decoder gives them; those of Unicode and of what is not known have all. */
function repertoireOf(encoding: string): ReadonlySet<string> | 'everything' {
  const decoder = new TextDecoder(encoding);
  if (decoder.encoding === 'windows-1252') return WINDOWS_1252;
  const known = repertoires.get(decoder.encoding);
  if (known) return known;
  const isTwoBytes = TWO_BYTES.test(decoder.encoding);
  const isOneByte = /^(?:windows-|iso-8859-|koi8-|macintosh|x-mac-|ibm)/.test(decoder.encoding);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const texts = bytes.map((byte) => [byte]);
  if (isTwoBytes)
    texts.push(...bytes.slice(0x81).flatMap((first) => bytes.slice(0x40).map((second) => [first, second])));
  const characters = texts
    .map((text) => decoder.decode(Uint8Array.from(text)))
    .filter((text) => !text.includes('\ufffd'));
  const repertoire = isOneByte || isTwoBytes ? new Set(characters.flatMap((text) => [...text])) : 'everything';
  repertoires.set(decoder.encoding, repertoire);
  return repertoire;
}

/** Whether a message can be written in an encoding; what is not known of an encoding counts as yes. */
export function isExpressible(message: string, encoding: string): boolean {
  const largest = LARGEST_CODE[encoding.toLowerCase()];
  if (largest !== undefined) return [...message].every((char) => char.codePointAt(0)! <= largest);
  if (!isEncoding(encoding)) return true;
  const repertoire = repertoireOf(encoding);
  return repertoire === 'everything' || [...message].every((char) => repertoire.has(char));
}

/** The check digit of GS1 for the digits before it. */
function checkDigit(digits: string): number {
  const sum = [...digits].reverse().reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 3 : 1), 0);
  return (10 - (sum % 10)) % 10;
}

/** Why a message does not fit a barcode; undefined where it does. */
export function unfitMessage(symbology: Symbology, message: string): Unfit | undefined {
  if (isEmptyText(message))
    return { refused: 'is empty', cure: 'Name a field that always has a value, or {{pass.serialNumber}}.' };
  const most = MOST[symbology];
  const content = CONTENT[symbology];
  const size = content
    ? message.length
    : Buffer.byteLength(message, isExpressible(message, 'iso-8859-1') ? 'latin1' : 'utf8');
  if (size > most)
    return { refused: `is longer than the ${most} that ${symbology} holds`, cure: 'Shorten it, or choose a QR code.' };
  if (content && !content.form.test(message)) {
    return {
      refused: `holds what ${symbology} cannot write`,
      cure: `Use ${content.says} only, or choose a QR code.`,
    };
  }
  const length = GS1[symbology]?.length;
  if (length !== undefined && message.length === length) {
    const right = checkDigit(message.slice(0, -1));
    if (Number(message.at(-1)) !== right) {
      return { refused: 'has a wrong check digit', cure: `End it with ${right}, or leave the last digit out.` };
    }
  }
  return undefined;
}

/** A sample for the values of a type that always look alike. */
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

/** Why a message whose values are open never fits a barcode; undefined where it may. */
export function neverFits(
  symbology: Symbology,
  message: string,
  design: Pick<PassTypeDesign, 'fields'>,
): { says: string; cure: string } | undefined {
  const content = CONTENT[symbology];
  const known = message.replace(/\{\{\s*([A-Za-z][\w.-]*)\s*\}\}/g, (_, name: string) => {
    const type = fieldNamed(name, design)?.type;
    return LOOKS[type ?? name] ?? '';
  });
  if (!content || content.signs.test(known)) return undefined;
  return {
    says: `${JSON.stringify(message)} never fits ${symbology}: it takes ${content.says} only`,
    cure: 'Name a field with such values, or choose a QR code.',
  };
}
