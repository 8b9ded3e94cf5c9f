import { ApiError } from './problems.js';

/** An acceptance sequence as an opaque cursor, so that callers do not compute with it. */
export const encodeCursor = (sequence: string): string => Buffer.from(`s:${sequence}`).toString('base64url');

/** The inverse of `encodeCursor`; throws `invalid-parameter` for anything else. */
export function decodeCursor(cursor: string): string {
  const match = /^s:(\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match) return match[1]!;
  throw notOurs();
}

/** The id of a pass as an opaque cursor. */
export const encodePassCursor = (passId: string): string => Buffer.from(`p:${passId}`).toString('base64url');

/** The inverse of `encodePassCursor`; throws `invalid-parameter` for anything else. */
export function decodePassCursor(cursor: string): string {
  const match = /^p:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match) return match[1]!;
  throw notOurs();
}

/** A place in the delivery log as an opaque cursor. */
export const encodeDeliveryCursor = (at: Date, id: string): string =>
  Buffer.from(`d:${at.getTime()}:${id}`).toString('base64url');

/** The inverse of `encodeDeliveryCursor`; throws `invalid-parameter` for anything else. */
export function decodeDeliveryCursor(cursor: string): { at: Date; id: string } {
  const text = Buffer.from(cursor, 'base64url').toString();
  const match = /^d:(\d{1,15}):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text);
  if (match) return { at: new Date(Number(match[1])), id: match[2]! };
  throw notOurs();
}

function notOurs(): ApiError {
  return new ApiError('invalid-parameter', 'The cursor was not made by this API.', {
    errors: [{ parameter: 'cursor', message: 'not a cursor of this API', cure: 'start again without a cursor' }],
  });
}
