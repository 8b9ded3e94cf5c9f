import { decodeJwt, errors } from 'jose';
import { cleanText } from '../../common/clean-text.js';
import { createIssuerKeys } from './issuer-keys.js';
import { ApiError } from '../problems.js';

export interface TokenClaims {
  tenantId: string;
  scopes: string[];
  /** Who the token is for, as its requests are counted in the database. */
  subject: string;
}

export interface TokenVerifier {
  /** The claims of a valid token, null for any other; throws `unavailable` where the issuer's keys cannot be read. */
  verify(token: string): Promise<TokenClaims | null>;
}

export interface OAuthSettings {
  issuer: string;
  audience: string;
  jwksUrl: string;
  /** At most one reading of the keys in this time, ms. */
  cooldownMs?: number;
}

const CLOCK_SKEW_SECONDS = 30;
const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

const TENANT_ID = /^[a-z0-9-]{1,63}$/;
const SUBJECT_LENGTH = 200;

/** Any issuer may put anything into a subject; one that the database refuses would stop the counting of all others. */
const countable = (subject: unknown): string => `token:${cleanText(String(subject)).slice(0, SUBJECT_LENGTH)}`;

/** What a token says of itself, to find who could verify it; nothing of it may be believed. */
export function readUnverified(token: string): { issuer: string; tenantId: string } | null {
  try {
    const { iss: issuer, tenant: tenantId } = decodeJwt(token);
    return typeof issuer === 'string' && typeof tenantId === 'string' && TENANT_ID.test(tenantId)
      ? { issuer, tenantId }
      : null;
  } catch {
    return null;
  }
}

/**
 * Verifies OAuth2 access tokens (JWT) of one issuer: signature by its JWKS (an unknown key id makes it read the keys
 * again: rotation), issuer, audience, expiry. Claims: `tenant`, and `scope` (RFC 8693) or `scp` as text or list.
 */
export function createTokenVerifier(settings: OAuthSettings, now: () => number): TokenVerifier {
  const keys = createIssuerKeys(settings.jwksUrl, settings.cooldownMs);
  return {
    async verify(token) {
      try {
        const { payload } = await keys.verify(token, {
          issuer: settings.issuer,
          audience: settings.audience,
          algorithms: ASYMMETRIC,
          clockTolerance: CLOCK_SKEW_SECONDS,
          currentDate: new Date(now()),
          requiredClaims: ['exp'],
        });
        const tenantId = payload['tenant'];
        if (typeof tenantId !== 'string' || !TENANT_ID.test(tenantId)) return null;
        const scope = payload['scope'] ?? payload['scp'];
        const scopes = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope.map(String) : [];
        return { tenantId, scopes, subject: countable(payload.sub ?? tenantId) };
      } catch (error) {
        const keysUnreadable =
          !(error instanceof errors.JOSEError) ||
          error instanceof errors.JWKSTimeout ||
          error instanceof errors.JWKSInvalid ||
          // jose throws its base class when the JWKS address answers anything but 200.
          error.code === 'ERR_JOSE_GENERIC';
        if (!keysUnreadable) return null;
        throw new ApiError('unavailable', 'The keys of the token issuer cannot be read. Send it again in a moment.', {
          headers: { 'Retry-After': '5' },
          cause: error,
        });
      }
    },
  };
}
