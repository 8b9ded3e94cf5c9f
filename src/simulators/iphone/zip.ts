import { inflateRawSync } from 'node:zlib';

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/**
 * Reads a zip as strictly as a phone's unpacker may: central directory and local headers must agree, checksums must match,
 * names must be unique and stay inside. Directories are left out. Throws an Error that names the entry at fault.
 */
export function readZip(bytes: Buffer): Map<string, Buffer> {
  const end = findEnd(bytes);
  const count = bytes.readUInt16LE(end + 10);
  const size = bytes.readUInt32LE(end + 12);
  let at = bytes.readUInt32LE(end + 16);
  if (bytes.readUInt16LE(end + 8) !== count || bytes.readUInt16LE(end + 4) !== 0)
    throw new Error('zip in several parts');
  if (count === 0xffff || at === 0xffffffff) throw new Error('zip64 is not understood');
  if (at + size > end) throw new Error('zip central directory runs past its end');
  const files = new Map<string, Buffer>();
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > end || bytes.readUInt32LE(at) !== CENTRAL) throw new Error('zip central directory is broken');
    const nameLength = bytes.readUInt16LE(at + 28);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    requireSafeName(name);
    if (files.has(name)) throw new Error(`zip names ${name} twice`);
    const data = readEntry(bytes, at, name);
    if (!name.endsWith('/')) files.set(name, data);
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

function findEnd(bytes: Buffer): number {
  for (let at = bytes.length - END_BYTES; at >= Math.max(0, bytes.length - END_BYTES - 0xffff); at -= 1) {
    if (bytes.readUInt32LE(at) === END && at + END_BYTES + bytes.readUInt16LE(at + 20) === bytes.length) return at;
  }
  throw new Error('not a zip: no end of central directory');
}

function requireSafeName(name: string): void {
  const parts = name.split('/');
  if (name === '' || name.includes('\\') || name.includes('\0') || name.startsWith('/') || parts.includes('..'))
    throw new Error(`zip entry name ${JSON.stringify(name)} leaves the bundle`);
}

function readEntry(bytes: Buffer, central: number, name: string): Buffer {
  const flags = bytes.readUInt16LE(central + 8);
  const method = bytes.readUInt16LE(central + 10);
  const crc = bytes.readUInt32LE(central + 16);
  const packedSize = bytes.readUInt32LE(central + 20);
  const size = bytes.readUInt32LE(central + 24);
  const local = bytes.readUInt32LE(central + 42);
  if ((flags & 1) !== 0) throw new Error(`zip entry ${name} is encrypted`);
  if (size > MAX_FILE_BYTES) throw new Error(`zip entry ${name} is larger than 64 MiB`);
  if (local + 30 > bytes.length || bytes.readUInt32LE(local) !== LOCAL)
    throw new Error(`zip entry ${name} has no header`);
  if (bytes.readUInt16LE(local + 8) !== method) throw new Error(`zip entry ${name}: headers disagree on the method`);
  const nameLength = bytes.readUInt16LE(local + 26);
  if (bytes.toString('utf8', local + 30, local + 30 + nameLength) !== name)
    throw new Error(`zip entry ${name}: headers disagree on the name`);
  // Bit 3: checksum and sizes follow the data, and the local header holds zeros.
  if ((flags & 8) === 0 && (bytes.readUInt32LE(local + 14) !== crc || bytes.readUInt32LE(local + 22) !== size))
    throw new Error(`zip entry ${name}: headers disagree on checksum or size`);
  const start = local + 30 + nameLength + bytes.readUInt16LE(local + 28);
  if (start + packedSize > bytes.length) throw new Error(`zip entry ${name} is cut off`);
  const packed = bytes.subarray(start, start + packedSize);
  const data = unpack(packed, method, name);
  if (data.length !== size) throw new Error(`zip entry ${name} unpacks to another size`);
  if (crc32Of(data) !== crc) throw new Error(`zip entry ${name} has a wrong checksum`);
  return data;
}

function unpack(packed: Buffer, method: number, name: string): Buffer {
  if (method === 0) return packed;
  if (method === 8) return inflateRawSync(packed, { maxOutputLength: MAX_FILE_BYTES });
  throw new Error(`zip entry ${name} uses compression method ${method}`);
}

// node:zlib has crc32 only from Node 22.2.
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32Of(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] as number);
  return (crc ^ 0xffffffff) >>> 0;
}
