/** `s•••@example.com`: enough to recognise, not enough to write to. */
export const maskEmail = (email: string | null): string | null =>
  email === null ? null : email.replace(/^(.)[^@]*(?=@)/u, '$1•••');

/** The last two digits. */
export const maskPhone = (phone: string | null): string | null => (phone === null ? null : `•••${phone.slice(-2)}`);

/** The first letter of each word. */
export const maskName = (name: string | null): string | null =>
  name === null ? null : name.replace(/(\p{L})[\p{L}\p{M}’'-]*/gu, '$1•••');
