import { createHash, createHmac } from 'node:crypto';
import { decodeEntities, isBlank, isUnrendered } from '../common/clean-text.js';

/** What a personal link may open. `mail`: the enrolment page and the person's own passes. */
export const LINK_PURPOSES = ['mail'] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

export interface LinkIdentity {
  tenantId: string;
  customerId: string;
  purpose: LinkPurpose;
  /** Counts up at each rotation. */
  generation: number;
}

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * The token of one generation: 256 bits that only the holder of the tenant's key can make again, so that the write-back
 * can write it as often as it needs although the database keeps its hash alone.
 */
export const deriveLinkToken = (key: Buffer, { tenantId, customerId, purpose, generation }: LinkIdentity): string =>
  createHmac('sha256', key)
    .update(JSON.stringify(['link', tenantId, customerId, purpose, generation]))
    .digest('base64url');

/** SHA-256; a plain hash is enough, because the token holds 256 random bits. */
export const hashLinkToken = (token: string): Buffer => createHash('sha256').update(token).digest();

/** As the template had it: tags arrive percent-encoded once more, or escaped for HTML. */
const unescaped = (value: string): string =>
  decodeEntities(value)
    .replace(/%(?:25)+/g, '%')
    .replace(/%7b/gi, '{')
    .replace(/%7d/gi, '}');

export type GivenToken =
  { kind: 'token'; token: string } | { kind: 'missing' } | { kind: 'unrendered' } | { kind: 'damaged' };

/** What came in the place of a token; an unrendered template tag is distinguished from a cut-off token. */
export function readLinkToken(given: unknown): GivenToken {
  const value: unknown = Array.isArray(given) ? given[0] : given;
  if (typeof value !== 'string' || isBlank(value)) return { kind: 'missing' };
  if (isUnrendered(unescaped(value))) return { kind: 'unrendered' };
  const token = value.trim();
  return TOKEN.test(token) ? { kind: 'token', token } : { kind: 'damaged' };
}
