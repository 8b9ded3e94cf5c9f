import { crc32 } from './crc32.js';

/** One file of an archive; `crc32` is computed where the caller has not kept it. */
export interface ZipEntry {
  name: string;
  bytes: Buffer;
  crc32?: number;
}

const LOCAL_HEADER = 30;
const CENTRAL_HEADER = 46;
const END_RECORD = 22;
// 1 January 1980, the oldest date DOS knows: the same files give the same bytes.
const DOS_DATE = 0x0021;
const DOS_TIME = 0;
const UTF8_NAMES = 0x0800;
const MAX_ENTRIES = 0xffff;
const MAX_BYTES = 0xffffffff;

/** An archive as a list of byte runs to send or join in this order; `size` is their sum. */
export interface ZipParts {
  parts: Buffer[];
  size: number;
}

/**
 * A zip that stores its files as they are (PKWARE APPNOTE 6.3, no zip64): PNG does not deflate, and trying costs more
 * than all the rest of a pass. The files' bytes are not copied but shared: at thousands of passes a second, copies of
 * 400 KB keep the garbage collector busy for milliseconds at a time.
 */
export function storeZipParts(entries: readonly ZipEntry[]): ZipParts {
  const files = entries.map((entry) => ({
    name: Buffer.from(entry.name, 'utf8'),
    bytes: entry.bytes,
    crc: entry.crc32 ?? crc32(entry.bytes),
    offset: 0,
  }));
  let headSize = END_RECORD;
  let contentSize = 0;
  for (const file of files) {
    headSize += LOCAL_HEADER + CENTRAL_HEADER + 2 * file.name.length;
    contentSize += file.bytes.length;
  }
  const size = headSize + contentSize;
  if (files.length > MAX_ENTRIES || size > MAX_BYTES) throw new RangeError('too much for a zip without zip64');

  const heads = Buffer.allocUnsafe(headSize);
  const parts: Buffer[] = [];
  let at = 0;
  let start = 0;
  let contentBefore = 0;
  const u16 = (value: number): void => void (at = heads.writeUInt16LE(value, at));
  const u32 = (value: number): void => void (at = heads.writeUInt32LE(value, at));
  /** The part that local and central headers share: version needed to extra length. */
  const common = (file: (typeof files)[number]): void => {
    u16(20);
    u16(UTF8_NAMES);
    u16(0); // stored
    u16(DOS_TIME);
    u16(DOS_DATE);
    u32(file.crc);
    u32(file.bytes.length);
    u32(file.bytes.length);
    u16(file.name.length);
    u16(0);
  };

  for (const file of files) {
    file.offset = start + contentBefore;
    u32(0x04034b50);
    common(file);
    at += file.name.copy(heads, at);
    parts.push(heads.subarray(start, at), file.bytes);
    start = at;
    contentBefore += file.bytes.length;
  }
  for (const file of files) {
    u32(0x02014b50);
    u16(20);
    common(file);
    u16(0); // comment length
    u16(0); // disk
    u16(0); // internal attributes
    u32(0); // external attributes
    u32(file.offset);
    at += file.name.copy(heads, at);
  }
  const centralSize = at - start;
  u32(0x06054b50);
  u16(0);
  u16(0);
  u16(files.length);
  u16(files.length);
  u32(centralSize);
  u32(start + contentBefore);
  u16(0);
  parts.push(heads.subarray(start, at));
  return { parts, size };
}

/** The same as one buffer. */
export function storeZip(entries: readonly ZipEntry[]): Buffer {
  const { parts, size } = storeZipParts(entries);
  return Buffer.concat(parts, size);
}
