import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** One file of the package openapi-explorer, with all that it needs. `npm run build` lays it beside the built sources. */
const FILE = 'openapi-explorer/dist/browser/openapi-explorer.min.js';
const BUILT = fileURLToPath(new URL('../../../openapi-explorer.min.js', import.meta.url));

/** Where the reader's script is; null in sources that were installed without their development dependencies. */
export function findReferenceScript(): string | null {
  if (existsSync(BUILT)) return BUILT;
  try {
    return createRequire(import.meta.url).resolve(FILE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

export interface ReferenceScript {
  plain: Buffer;
  gzip: Buffer;
}

export function readReferenceScript(file: string): ReferenceScript {
  const plain = readFileSync(file);
  return { plain, gzip: gzipSync(plain) };
}
