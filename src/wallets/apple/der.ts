/** DER tags this product writes and reads (X.690). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tag of a context-specific element `[number]`. */
export const contextTag = (number: number, constructed = true): number => (constructed ? 0xa0 : 0x80) | number;

function lengthBytes(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.from([0x80 | digits.length, ...digits]);
}

/** One element: tag, shortest definite length, contents joined. */
export function element(tag: number, ...contents: Buffer[]): Buffer {
  const size = contents.reduce((sum, content) => sum + content.length, 0);
  return Buffer.concat([Buffer.from([tag]), lengthBytes(size), ...contents]);
}

export const sequence = (...members: Buffer[]): Buffer => element(TAG.sequence, ...members);
export const octetString = (bytes: Buffer): Buffer => element(TAG.octetString, bytes);
export const utf8String = (text: string): Buffer => element(TAG.utf8String, Buffer.from(text, 'utf8'));
export const bool = (value: boolean): Buffer => element(TAG.boolean, Buffer.from([value ? 0xff : 0]));
export const NULL = Buffer.from([TAG.null, 0]);

/** SET OF: DER wants the members in ascending order of their encoded bytes. */
export const setOf = (...members: Buffer[]): Buffer => element(TAG.set, ...[...members].sort(Buffer.compare));

/** BIT STRING; `unusedBits` counts the bits of the last byte that do not belong to the value. */
export const bitString = (bytes: Buffer, unusedBits = 0): Buffer =>
  element(TAG.bitString, Buffer.from([unusedBits]), bytes);

/** INTEGER from an unsigned big-endian magnitude, in the fewest bytes that keep it positive. */
export function unsignedInteger(magnitude: Buffer): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const shortest = magnitude.length === 0 ? Buffer.from([0]) : magnitude.subarray(start);
  return element(TAG.integer, shortest[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), shortest]) : shortest);
}

/** OBJECT IDENTIFIER from its dotted form; throws RangeError on anything else. */
export function oid(dotted: string): Buffer {
  const arcs = dotted.split('.').map(Number);
  const [first, second, ...rest] = arcs;
  const valid = arcs.every((arc) => Number.isSafeInteger(arc) && arc >= 0);
  if (!valid || first === undefined || second === undefined || first > 2 || (first < 2 && second > 39)) {
    throw new RangeError(`not an object identifier: ${dotted}`);
  }
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) groups.unshift((high % 128) | 0x80);
    bytes.push(...groups);
  }
  return element(TAG.oid, Buffer.from(bytes));
}

/** Time with whole seconds in UTC: UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 and RFC 5652). */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const year = at.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? element(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : element(TAG.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'));
}

/** An element as read: `raw` is the whole of it, `content` what follows the length. */
export interface Element {
  tag: number;
  raw: Buffer;
  content: Buffer;
}

/** Reads the elements that follow one another in `bytes`; throws RangeError where they are not DER. */
export function readElements(bytes: Buffer): Element[] {
  const found: Element[] = [];
  for (let start = 0; start < bytes.length;) {
    const tag = bytes[start]!;
    let length = bytes[start + 1] ?? 0x80;
    let contentStart = start + 2;
    if (length > 0x80) {
      const digits = length & 0x7f;
      if (digits > 4 || contentStart + digits > bytes.length) throw new RangeError('DER length out of range');
      length = bytes.readUIntBE(contentStart, digits);
      contentStart += digits;
    } else if (length === 0x80) {
      throw new RangeError('DER element without a definite length');
    }
    const end = contentStart + length;
    if (end > bytes.length) throw new RangeError('DER element longer than its surroundings');
    found.push({ tag, raw: bytes.subarray(start, end), content: bytes.subarray(contentStart, end) });
    start = end;
  }
  return found;
}

/** Dotted form of the content of an OBJECT IDENTIFIER. */
export function readOid(content: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (arcs.length > 0) arcs.push(arc);
    else arcs.push(Math.min(Math.floor(arc / 40), 2), arc - 40 * Math.min(Math.floor(arc / 40), 2));
    arc = 0;
  }
  return arcs.join('.');
}
