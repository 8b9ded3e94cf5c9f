import { pointer, unwritable } from '../common/clean-text.js';

/** Characters of a file that no phone and no database takes: control characters, halves of a pair. Keys are texts as well. */
export function checkCharacters(value: unknown, path = ''): { path: string; message: string; cure: string }[] {
  if (typeof value === 'string') return told(value, path, 'the text');
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...told(key, path, 'a key'),
    ...checkCharacters(inner, path + pointer(key)),
  ]);
}

function told(text: string, path: string, what: string): { path: string; message: string; cure: string }[] {
  const found = unwritable(text);
  if (found === undefined) return [];
  return [{ path, message: `${what} holds ${found}, which no phone reads.`, cure: 'remove the character.' }];
}
