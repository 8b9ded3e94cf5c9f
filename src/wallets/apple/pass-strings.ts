import type { PassTypeDesign } from '../../passes/pass-type.js';
import { withWords, wordsForKeys } from './words-for-keys.js';
import { prepareFile, type ArchiveEntry } from './pass-images.js';

const ESCAPES: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const quoted = (text: string): string =>
  `"${text.replace(
    /["\\\u0000-\u001f\u007f]/g,
    (char) => ESCAPES[char] ?? `\\U${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}"`;

/**
 * One pass.strings file, ordered by source text. The source text is the whole string as pass.json has it, `%@` included.
 * UTF-8 by default; `utf-16` writes little-endian with a byte order mark, as older tools expect.
 */
export function passStrings(strings: Readonly<Record<string, string>>, encoding: 'utf-8' | 'utf-16' = 'utf-8'): Buffer {
  const text = Object.keys(strings)
    .sort()
    .map((source) => `${quoted(source)} = ${quoted(strings[source]!)};\n`)
    .join('');
  return encoding === 'utf-8' ? Buffer.from(text, 'utf8') : Buffer.from(`\ufeff${text}`, 'utf16le');
}

type Strings = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * `xx.lproj/pass.strings` for each language of the design that has strings, or of the messages of one pass. Without
 * messages: keep it as long as the version.
 */
export function localizedStrings(design: PassTypeDesign, ownLanguage: string, messages: Strings = {}): ArchiveEntry[] {
  const designed = design.apple?.localizations ?? {};
  const words = wordsForKeys(designed, ownLanguage);
  return [...new Set([...Object.keys(designed), ...Object.keys(messages)])]
    .map((language) => ({
      language,
      strings: { ...withWords(designed[language]?.strings ?? {}, words), ...messages[language] },
    }))
    .filter(({ strings }) => Object.keys(strings).length > 0)
    .map(({ language, strings }) => ({
      name: `${language}.lproj/pass.strings`,
      file: prepareFile(passStrings(strings)),
    }));
}
