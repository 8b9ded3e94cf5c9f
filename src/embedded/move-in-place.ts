import * as fs from 'node:fs';

/** Puts a finished folder in place; when another process was quicker, its folder stays. */
export function moveInPlace(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (!fs.existsSync(to)) throw error;
    fs.rmSync(from, { recursive: true, force: true });
  }
}
