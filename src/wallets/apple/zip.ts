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

/**
 * A zip that stores its files as they are (PKWARE APPNOTE 6.3, no zip64): PNG does not deflate, and trying costs more
 * than all the rest of a pass. One allocation, each byte copied once.
 */
export function storeZip(entries: readonly ZipEntry[]): Buffer {
  const files = entries.map((entry) => ({
    name: Buffer.from(entry.name, 'utf8'),
    bytes: entry.bytes,
    crc: entry.crc32 ?? crc32(entry.bytes),
    offset: 0,
  }));
  let size = END_RECORD;
  for (const file of files) size += LOCAL_HEADER + CENTRAL_HEADER + 2 * file.name.length + file.bytes.length;
  if (files.length > MAX_ENTRIES || size > MAX_BYTES) throw new RangeError('too much for a zip without zip64');

  const zip = Buffer.allocUnsafe(size);
  let at = 0;
  const u16 = (value: number): void => void (at = zip.writeUInt16LE(value, at));
  const u32 = (value: number): void => void (at = zip.writeUInt32LE(value, at));
  const put = (bytes: Buffer): void => void (at += bytes.copy(zip, at));
  /** The part that local and central headers share: version needed to name length and extra length. */
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
    file.offset = at;
    u32(0x04034b50);
    common(file);
    put(file.name);
    put(file.bytes);
  }
  const centralStart = at;
  for (const file of files) {
    u32(0x02014b50);
    u16(20);
    common(file);
    u16(0); // comment length
    u16(0); // disk
    u16(0); // internal attributes
    u32(0); // external attributes
    u32(file.offset);
    put(file.name);
  }
  const centralSize = at - centralStart;
  u32(0x06054b50);
  u16(0);
  u16(0);
  u16(files.length);
  u16(files.length);
  u32(centralSize);
  u32(centralStart);
  u16(0);
  return zip;
}
