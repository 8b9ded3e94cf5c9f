import { PermanentError } from '../../common/errors.js';
import type { JsonValue } from '../../common/json.js';
import { prepareFile, type ArchiveEntry } from './pass-images.js';
import type { ManifestSigner } from './sign-manifest.js';
import { storeZip, storeZipParts, type ZipParts } from './zip.js';

/** Media types of one pass and of several to install at once. */
export const PKPASS_TYPE = 'application/vnd.apple.pkpass';
export const PKPASSES_TYPE = 'application/vnd.apple.pkpasses';
/** As many as Apple installs from one file. */
export const MAX_BUNDLE_PASSES = 10;
const MAX_BUNDLE_BYTES = 150_000_000;

/** The manifest: archive name to SHA-1 of every file, ordered by name, so that the same files give the same bytes. */
export function manifestOf(entries: readonly ArchiveEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  const members = sorted.map(({ name, file }) => `${JSON.stringify(name)}:"${file.sha1}"`);
  return Buffer.from(`{${members.join(',')}}`, 'utf8');
}

function unsignedFiles(input: {
  passJson: Record<string, JsonValue>;
  images: readonly ArchiveEntry[];
  strings: readonly ArchiveEntry[];
}): {
  entries: ArchiveEntry[];
  manifest: Buffer;
} {
  const passJson = prepareFile(Buffer.from(JSON.stringify(input.passJson), 'utf8'));
  const entries = [{ name: 'pass.json', file: passJson }, ...input.images, ...input.strings];
  return { entries, manifest: manifestOf(entries) };
}

function zipped(entries: readonly ArchiveEntry[], manifest: Buffer, signature: Buffer): ZipParts {
  const files = entries.map(({ name, file }) => ({ name, bytes: file.bytes, crc32: file.crc32 }));
  return storeZipParts([...files, { name: 'manifest.json', bytes: manifest }, { name: 'signature', bytes: signature }]);
}

export interface BundleInput {
  passJson: Record<string, JsonValue>;
  images: readonly ArchiveEntry[];
  strings: readonly ArchiveEntry[];
  signer: ManifestSigner;
  /** Signing time; the only thing in the file that is not given by the pass's revision. */
  at: Date;
}

/**
 * One .pkpass as byte runs that share the template's images: what to keep per revision (some 6 KB instead of 400) and
 * to send as a stream with `size` as its Content-Length.
 */
export async function buildPkpassParts(input: BundleInput): Promise<ZipParts> {
  const { entries, manifest } = unsignedFiles(input);
  return zipped(entries, manifest, await input.signer.sign(manifest, input.at));
}

/** Bytes of one .pkpass. The same pass.json, images and strings give the same manifest, byte for byte. */
export async function buildPkpass(input: BundleInput): Promise<Buffer> {
  const { parts, size } = await buildPkpassParts(input);
  return Buffer.concat(parts, size);
}

/** The same on the calling thread, for measurements. */
export function buildPkpassSync(input: BundleInput): Buffer {
  const { entries, manifest } = unsignedFiles(input);
  const { parts, size } = zipped(entries, manifest, input.signer.signSync(manifest, input.at));
  return Buffer.concat(parts, size);
}

/** Bytes of a .pkpasses bundle, for installing several passes at once; Apple allows 10 passes and 150 MB. */
export function buildPkpasses(pkpasses: readonly Buffer[]): Buffer {
  const size = pkpasses.reduce((sum, pkpass) => sum + pkpass.length, 0);
  if (pkpasses.length === 0 || pkpasses.length > MAX_BUNDLE_PASSES || size > MAX_BUNDLE_BYTES) {
    throw new PermanentError(
      'bundle-size',
      `A bundle holds 1 to ${MAX_BUNDLE_PASSES} passes of at most 150 MB together: offer the rest in a second one.`,
      { passes: pkpasses.length, bytes: size },
    );
  }
  return storeZip(pkpasses.map((bytes, index) => ({ name: `pass-${index + 1}.pkpass`, bytes })));
}
