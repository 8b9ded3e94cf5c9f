import { PermanentError } from '../passes/errors.js';

/** Data that does not fit the pass type. The full text may quote a customer's data and stays in the database. */
export function invalidData(problems: readonly { pointer: string; message: string; cure: string }[]): PermanentError {
  const text = problems.map(({ pointer, message, cure }) => `${pointer}: ${message} ${cure}`).join(' ');
  const fields = problems.map(({ pointer }) => pointer.split('/').pop()).join(', ');
  return new PermanentError('invalid-data', text, {}, { summary: `These fields do not fit the pass type: ${fields}.` });
}
