import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Stored } from './store.js';

interface Shelves {
  classes: Map<string, Stored>;
  objects: Map<string, Stored>;
}

/** Keeps classes and objects in a file: Google does not forget them when the one who wrote them starts again. */
export function keepGoogleState(file: string, { classes, objects }: Shelves): { save(): void } {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Record<'classes' | 'objects', [string, Stored][]>;
    for (const [id, stored] of kept.classes) classes.set(id, stored);
    for (const [id, stored] of kept.objects) objects.set(id, stored);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new Error(`The state of the Google simulator in ${file} is damaged: move it away.`, { cause: error });
    }
  }
  return {
    save() {
      writeFileSync(`${file}.new`, JSON.stringify({ classes: [...classes], objects: [...objects] }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}
