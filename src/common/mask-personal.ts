/** What cures show as an example: nobody's, so it stays readable. */
export const EXAMPLE_CONTACTS = { email: 'name@example.com', phone: '+33612345678' } as const;
const EXAMPLES: readonly string[] = Object.values(EXAMPLE_CONTACTS);

/** `s•••@example.com`: enough to recognise, not enough to write to. */
export const maskEmail = (email: string | null): string | null =>
  email === null ? null : email.replace(/^(.)[^@]*(?=@)/u, '$1•••');

/** The last two digits. */
export const maskPhone = (phone: string | null): string | null => (phone === null ? null : `•••${phone.slice(-2)}`);

/** The first letter of each word. */
export const maskName = (name: string | null): string | null =>
  name === null ? null : name.replace(/(\p{L})[\p{L}\p{M}’'-]*/gu, '$1•••');

/** What separates words around an address. One class, matched greedily: a text is read once, whatever it holds. */
const RUN = /[^\s"'<>(),:;]+/g;
const PHONE = /\+\d[\d ()-]{5,}\d/g;

function maskRun(run: string): string {
  const at = run.lastIndexOf('@');
  if (EXAMPLES.includes(run.replace(/[.!?]$/, ''))) return run;
  if (at < 1 || at === run.length - 1) return run;
  return `${String.fromCodePoint(run.codePointAt(0)!)}•••${run.slice(at)}`;
}

/** Masks e-mail addresses and phone numbers in a text that somebody else wrote. */
export const maskContacts = (text: string): string =>
  text.replace(RUN, maskRun).replace(PHONE, (phone) => (EXAMPLES.includes(phone) ? phone : maskPhone(phone)!));

const MOST_LETTERS = 255;

/** A function that masks contacts, and whole words that are known of a person. */
export function createTextMask(known: readonly (string | null)[]): (text: string) => string {
  const words = known
    .filter((value): value is string => value !== null && value.trim().length > 1)
    .map((value) => value.slice(0, MOST_LETTERS).replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
    .sort((a, b) => b.length - a.length);
  if (words.length === 0) return maskContacts;
  const anyWord = new RegExp(`(?<![\\p{L}\\d_-])(?:${words.join('|')})(?![\\p{L}\\d])`, 'giu');
  return (text) => maskContacts(text).replace(anyWord, '•••');
}
