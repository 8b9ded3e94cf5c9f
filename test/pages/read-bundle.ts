/** The files of a zip that stores them as they are, by its local headers. */
export function readBundle(zip: Buffer): Buffer[] {
  const files: Buffer[] = [];
  for (let at = 0; zip.readUInt32LE(at) === 0x04034b50;) {
    const start = at + 30 + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
    at = start + zip.readUInt32LE(at + 18);
    files.push(zip.subarray(start, at));
  }
  return files;
}
