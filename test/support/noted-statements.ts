import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** What all processes of a run have noted in a folder: statements with their columns, null where none was answered. */
export function notedStatements(folder: string): Map<string, string[] | null> {
  const noted = new Map<string, string[] | null>();
  for (const file of readdirSync(folder)) {
    const some = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as [string, string[] | null][];
    for (const [text, columns] of some) noted.set(text, columns ?? noted.get(text) ?? null);
  }
  return noted;
}
