import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderProblem } from './folder-problem.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  EISDIR: 'is a folder',
  ENOTDIR: 'is no folder',
};
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Why a file or a folder cannot be read, as the end of a sentence. */
export const readFault = (error: unknown): string => REASONS[codeOf(error)] ?? 'cannot be read';

/** The cure for a path that was given. */
export const readCure = (error: unknown, otherwise: string): string =>
  /^E(ACCES|PERM)$/.test(codeOf(error))
    ? 'let the user who runs this read it (in a container of our image: uid 1000).'
    : otherwise;

type Add = (problem: FolderProblem) => void;

/** The names in a subfolder that need not exist, sorted. A folder that is there and cannot be read is a problem. */
export async function listEntries(root: string, folder: string, add: Add): Promise<string[]> {
  try {
    return (await readdir(join(root, folder))).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    const cure = readCure(error, 'make it a folder, or remove it.');
    add({ file: folder, path: '', message: `"${folder}" ${readFault(error)}.`, cure });
    return [];
  }
}

/** The bytes of a file that a folder lists; null where it is too large or cannot be read, which is a problem. */
export async function readEntry(
  root: string,
  file: string,
  add: Add,
  limit: { bytes: number; tooLarge(size: number): Pick<FolderProblem, 'message' | 'cure'> },
): Promise<Buffer | null> {
  try {
    const { size } = await stat(join(root, file));
    if (size <= limit.bytes) return await readFile(join(root, file));
    add({ file, path: '', ...limit.tooLarge(size) });
  } catch (error) {
    const cure = readCure(error, 'put a file there, or remove it.');
    add({ file, path: '', message: `the file ${readFault(error)}.`, cure });
  }
  return null;
}
