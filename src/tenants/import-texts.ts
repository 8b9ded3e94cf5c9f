import type { BundleFiles } from './read-bundle.js';
import { readStrings } from './read-strings.js';

const LANGUAGE = /^[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*$/;

/** The language of a folder `de.lproj` as phones look for it; undefined where it is none, such as `Base`. */
export function languageOf(folder: string): string | undefined {
  if (!LANGUAGE.test(folder) || folder.toLowerCase() === 'base') return undefined;
  try {
    return Intl.getCanonicalLocales(folder.replaceAll('_', '-'))[0];
  } catch {
    // A tag that is none throws a RangeError, and that is the answer.
    return undefined;
  }
}

/** Translations of a bundle by language; what could not be read of them is a decision. */
export function stringsOf(files: BundleFiles, decisions: string[]): Map<string, Record<string, string>> {
  const out = new Map<string, Record<string, string>>();
  for (const [name, bytes] of files) {
    const folder = /^([^/]+)\.lproj\/pass\.strings$/.exec(name)?.[1];
    const language = folder === undefined ? undefined : languageOf(folder);
    if (language === undefined) continue;
    const { strings, unread } = readStrings(bytes);
    out.set(language, strings);
    if (unread !== '') {
      decisions.push(
        `${name} could not be read at ${JSON.stringify(unread.slice(0, 40))}: add what is missing by hand.`,
      );
    }
  }
  return out;
}

/** Files that a bundle has beside its design; they are made again for each pass. */
const MADE_ANEW = new Set(['pass.json', 'manifest.json', 'signature', 'tooling.json']);
const MOST_NAMED = 20;

/** What of a bundle nothing was made of. */
export function tellLeftBehind(files: BundleFiles, taken: ReadonlySet<string>, decisions: string[]): void {
  const left = [...files.keys()].filter((name) => {
    const folder = /^([^/]+)\.lproj\/pass\.strings$/.exec(name)?.[1];
    const isTaken = taken.has(name) || (folder !== undefined && languageOf(folder) !== undefined);
    return !isTaken && !MADE_ANEW.has(name);
  });
  if (left.length === 0) return;
  const more = left.length > MOST_NAMED ? ` and ${left.length - MOST_NAMED} more` : '';
  decisions.push(`Not taken over: ${left.slice(0, MOST_NAMED).join(', ')}${more}.`);
}
