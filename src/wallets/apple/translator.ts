import type { AppleDesign } from '../../passes/pass-type.js';
import { withWords, wordsForKeys } from './words-for-keys.js';

/** Wallet looks a text up in the strings of its language, and shows it as it is where it is not there. */
export function translator(apple: AppleDesign, language: string, ownLanguage = language): (text: string) => string {
  const [base] = language.split('-');
  const own = apple.localizations[language]?.strings ?? apple.localizations[base!]?.strings ?? {};
  const strings = withWords(own, wordsForKeys(apple.localizations, ownLanguage));
  return (text) => (Object.hasOwn(strings, text) ? strings[text]! : text);
}
