import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { readFault } from './read-entries.js';

/** Files of a pass bundle by their names inside it: `pass.json`, `icon@2x.png`, `de.lproj/pass.strings`. */
export type BundleFiles = Map<string, Buffer>;

const MOST_BYTES = 50_000_000;
const MOST_FILES = 1_000;

/**
 * Reads a `.pkpass` (a zip), or a `.pkpasstemplate` of Apple's Pass Designer (a folder, or a zip with one wrapping
 * folder). Throws where it is neither, holds no pass.json, or is larger than any pass.
 */
export async function readBundle(path: string): Promise<BundleFiles> {
  const info = await stat(path).catch((error: unknown) => {
    throw new Error(`${path} ${readFault(error)}.`, { cause: error });
  });
  if (info.size > MOST_BYTES) throw new Error(`${path} is larger than any pass.`);
  const files = info.isDirectory() ? await readFolder(path, '') : readZip(path, await readFile(path));
  const inner = [...files.keys()].find((name) => name === 'pass.json' || /^[^/]+\/pass\.json$/.test(name));
  if (inner === undefined)
    throw new Error(`${path} holds no pass.json: it is no pass and no template of Pass Designer.`);
  const prefix = inner.slice(0, -'pass.json'.length);
  return new Map(
    [...files]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, bytes]): [string, Buffer] => [name.slice(prefix.length), bytes]),
  );
}

class TooLarge extends Error {}

const isJunk = (name: string): boolean => /(^|\/)(\.DS_Store|__MACOSX)(\/|$)/.test(name);

function readZip(path: string, bytes: Buffer): BundleFiles {
  if (bytes.toString('latin1', 0, 2) !== 'PK') throw new Error(`${path} is no zip archive: a .pkpass is one.`);
  let total = 0;
  let count = 0;
  const filter = ({ name, originalSize }: { name: string; originalSize: number }): boolean => {
    total += originalSize;
    count++;
    if (total > MOST_BYTES || count > MOST_FILES) throw new TooLarge(`${path} is larger than any pass.`);
    return !isJunk(name) && !name.endsWith('/');
  };
  let entries: ReturnType<typeof unzipSync>;
  try {
    // Each file is unpacked into as many bytes as the archive says of it, and no more.
    entries = unzipSync(bytes, { filter });
  } catch (error) {
    if (error instanceof TooLarge) throw error;
    throw new Error(`${path} is a broken zip archive: ${(error as Error).message}. Export or download it again.`, {
      cause: error,
    });
  }
  return new Map(Object.entries(entries).map(([name, content]) => [name, Buffer.from(content)]));
}

async function readFolder(root: string, inside: string, room = { bytes: MOST_BYTES }): Promise<BundleFiles> {
  const files: BundleFiles = new Map();
  for (const entry of await readdir(join(root, inside), { withFileTypes: true })) {
    const name = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (isJunk(name)) continue;
    // A template is two levels deep: the bundle, and one folder for each language.
    if (entry.isDirectory() && name.split('/').length < 3) {
      for (const [inner, bytes] of await readFolder(root, name, room)) files.set(inner, bytes);
    } else if (entry.isFile()) {
      room.bytes -= (await stat(join(root, name))).size;
      if (room.bytes < 0) throw new Error(`${root} is larger than any pass.`);
      files.set(name, await readFile(join(root, name)));
    }
    if (files.size > MOST_FILES) throw new Error(`${root} holds more files than any pass.`);
  }
  return files;
}
