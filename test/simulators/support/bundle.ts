import { createHash } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { PASS_TYPE, TEAM, type TestCertificates } from './certificates.js';

export type PassJson = Record<string, unknown>;

/** The smallest updatable pass that is right in everything. */
export const passJson = (changes: PassJson = {}): PassJson => ({
  formatVersion: 1,
  passTypeIdentifier: PASS_TYPE,
  serialNumber: 'serial-1',
  teamIdentifier: TEAM,
  organizationName: 'Example Coffee',
  description: 'Loyalty card',
  webServiceURL: 'http://127.0.0.1:9/apple',
  authenticationToken: 'token-of-sixteen-or-more',
  storeCard: {
    headerFields: [{ key: 'points', label: 'Points', value: 10, changeMessage: 'You now have %@ points' }],
    secondaryFields: [{ key: 'tier', label: 'Tier', value: 'Basic' }],
  },
  ...changes,
});

export const PNG = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(40, 7)]);

export interface BundleChanges {
  readonly json?: PassJson;
  /** Files added or replaced before hashing; undefined takes one out. */
  readonly files?: Readonly<Record<string, Buffer | undefined>>;
  readonly manifest?: (hashes: Record<string, string>) => object;
  readonly signature?: (manifest: Buffer) => Buffer;
  /** Files replaced after hashing and signing. */
  readonly tampered?: Readonly<Record<string, Buffer>>;
}

/** Builds a .pkpass, broken in just the way that `changes` says. */
export function buildBundle(certificates: TestCertificates, changes: BundleChanges = {}): Buffer {
  const files: Record<string, Buffer | undefined> = {
    'pass.json': Buffer.from(JSON.stringify(changes.json ?? passJson())),
    'icon.png': PNG,
    'icon@2x.png': PNG,
    ...changes.files,
  };
  for (const name of Object.keys(files)) if (files[name] === undefined) delete files[name];
  const present = files as Record<string, Buffer>;
  const hashes = Object.fromEntries(
    Object.entries(present).map(([name, data]) => [name, createHash('sha1').update(data).digest('hex')]),
  );
  const manifest = Buffer.from(JSON.stringify(changes.manifest?.(hashes) ?? hashes));
  const signature = changes.signature?.(manifest) ?? certificates.sign(manifest);
  return zip({ ...present, 'manifest.json': manifest, signature, ...changes.tampered });
}

/** A zip with every second file deflated, so that both methods are read. */
export function zip(files: Readonly<Record<string, Buffer>>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  Object.entries(files).forEach(([name, data], index) => {
    const packed = index % 2 === 1 ? deflateRawSync(data) : data;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(index % 2 === 1 ? 8 : 0, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  });
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function crc32(data: Buffer): number {
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
