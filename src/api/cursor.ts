import { ApiError } from './problems.js';

/** An acceptance sequence as an opaque cursor, so that callers do not compute with it. */
export const encodeCursor = (sequence: string): string => Buffer.from(`s:${sequence}`).toString('base64url');

/** The inverse of `encodeCursor`; throws `invalid-parameter` for anything else. */
export function decodeCursor(cursor: string): string {
  const match = /^s:(\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match) return match[1]!;
  throw new ApiError('invalid-parameter', 'The cursor was not made by this API.', {
    errors: [{ parameter: 'cursor', message: 'not a cursor of this API', cure: 'start again without a cursor' }],
  });
}
