import { createHmac, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 24;

/**
 * The authentication token of a pass: HMAC-SHA256 of its id under the tenant's `pass-token-key`, 32 characters of
 * base64url (192 bits). Derived, never stored, and the same for every revision, as Apple demands.
 */
export function authenticationToken(passTokenKey: Buffer, passId: string): string {
  return createHmac('sha256', passTokenKey)
    .update(`apple-authentication-token\0${passId}`)
    .digest()
    .subarray(0, TOKEN_BYTES)
    .toString('base64url');
}

/** Compares in constant time the token that a device sent (`Authorization: ApplePass <token>`) with the pass's own. */
export function isAuthenticationToken(passTokenKey: Buffer, passId: string, presented: string): boolean {
  const expected = Buffer.from(authenticationToken(passTokenKey, passId));
  const given = Buffer.from(presented);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
