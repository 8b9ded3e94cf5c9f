/** A language as BCP 47 writes it (`de_de` is de-DE); undefined where the text is none. */
export function languageTag(text: string): string | undefined {
  if (!/^[a-z]{2,3}(?:[-_]|$)/i.test(text)) return undefined;
  try {
    return Intl.getCanonicalLocales(text.replaceAll('_', '-'))[0];
  } catch {
    // A tag that is none throws a RangeError, and that is the answer.
    return undefined;
  }
}

/** A language that dates and numbers can be written in, whatever a setting or a value says. */
export const writtenLanguage = (text: string): string => languageTag(text) ?? 'en';
