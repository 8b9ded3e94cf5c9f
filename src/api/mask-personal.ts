/** `s•••@example.com`: enough to recognise, not enough to write to. */
export const maskEmail = (email: string | null): string | null =>
  email === null ? null : email.replace(/^(.)[^@]*(?=@)/u, '$1•••');

/** The last two digits. */
export const maskPhone = (phone: string | null): string | null => (phone === null ? null : `•••${phone.slice(-2)}`);

/** The first letter of each word. */
export const maskName = (name: string | null): string | null =>
  name === null ? null : name.replace(/(\p{L})[\p{L}\p{M}’'-]*/gu, '$1•••');

const wordOf = (name: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\d_-])${name.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')}(?![\\p{L}\\d])`, 'giu');

/** Masks addresses, numbers and what is known of a person in a text that somebody else wrote. */
export function maskText(text: string, known: readonly (string | null)[]): string {
  const withoutAddresses = text
    .replace(/[^\s"'<>(),:;]+@[^\s"'<>(),:;]+\.[a-z]{2,}/gi, (email) => maskEmail(email)!)
    .replace(/\+\d[\d ()-]{5,}\d/g, (phone) => maskPhone(phone)!);
  return known
    .filter((value): value is string => value !== null && value.trim().length > 1)
    .sort((a, b) => b.length - a.length)
    .reduce((masked, name) => masked.replace(wordOf(name), '•••'), withoutAddresses);
}
