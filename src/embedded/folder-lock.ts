import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAlive, startMark } from './processes.js';

interface Owner {
  pid: number;
  mark?: string;
}

function readOwner(file: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner> | null;
    return typeof owner?.pid === 'number' ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

function livesOn(owner: Owner): boolean {
  return isAlive(owner.pid) && (owner.mark === undefined || owner.mark === startMark(owner.pid));
}

/** A living process holds the claim. */
export class FolderInUse extends Error {}

/**
 * Claims a file name for this process; the claim of a process that no longer exists is taken over.
 * @returns a function that gives the claim back.
 * @throws FolderInUse naming the owner when a living process holds it.
 */
export function claim(file: string, what: string, cure: string): () => void {
  mkdirSync(path.dirname(file), { recursive: true });
  const text = JSON.stringify({ pid: process.pid, mark: startMark(process.pid) });
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, text, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === 5) throw error;
    }
    const owner = readOwner(file);
    if (owner && livesOn(owner)) throw new FolderInUse(`${what} is in use by process ${owner.pid}. ${cure}`);
    rmSync(file, { force: true });
  }
}
