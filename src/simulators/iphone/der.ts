/** One DER element: its tag byte, its contents, and the whole encoding. */
export interface DerElement {
  readonly tag: number;
  readonly value: Buffer;
  readonly raw: Buffer;
}

export const DER = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
  context3: 0xa3,
};

/** Reads the elements that fill `bytes` exactly; throws an Error when lengths do not add up. */
export function readDer(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at);
    if ((tag & 0x1f) === 0x1f) throw new Error('DER: tags of several bytes are not understood');
    let length = bytes.readUInt8(at + 1);
    let head = 2;
    if (length > 0x80) {
      const lengthBytes = length & 0x7f;
      if (lengthBytes > 4) throw new Error('DER: a length of more than four bytes');
      length = bytes.readUIntBE(at + 2, lengthBytes);
      head += lengthBytes;
    } else if (length === 0x80) throw new Error('DER: indefinite length');
    if (at + head + length > bytes.length) throw new Error('DER: an element runs past its end');
    elements.push({
      tag,
      value: bytes.subarray(at + head, at + head + length),
      raw: bytes.subarray(at, at + head + length),
    });
    at += head + length;
  }
  return elements;
}

/** The children of a constructed element; throws unless it is there and has this tag. */
export function childrenOf(element: DerElement | undefined, tag: number): DerElement[] {
  return readDer(valueOf(element, tag));
}

/** The contents of an element; throws unless it is there and has this tag. */
export function valueOf(element: DerElement | undefined, tag: number): Buffer {
  if (element?.tag !== tag)
    throw new Error(`DER: expected tag 0x${tag.toString(16)}, found ${element?.tag ?? 'nothing'}`);
  return element.value;
}

/** An object identifier in dotted form. */
export function oidOf(element: DerElement | undefined): string {
  const numbers: number[] = [];
  let current = 0;
  for (const byte of valueOf(element, DER.oid)) {
    current = current * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (numbers.length === 0)
      numbers.push(Math.min(2, Math.floor(current / 40)), current - 40 * Math.min(2, Math.floor(current / 40)));
    else numbers.push(current);
    current = 0;
  }
  return numbers.join('.');
}

/** A UTCTime or GeneralizedTime in milliseconds. */
export function timeOf(element: DerElement | undefined): number {
  const text = element?.value.toString('latin1') ?? '';
  const digits = element?.tag === 0x17 ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (match === null || (element?.tag !== 0x17 && element?.tag !== 0x18)) throw new Error('DER: not a time');
  const [, year, month, day, hour, minute, second] = match.map(Number) as number[];
  return Date.UTC(year as number, (month as number) - 1, day, hour, minute, second);
}
