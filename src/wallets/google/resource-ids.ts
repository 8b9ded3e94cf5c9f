import { createHash } from 'node:crypto';
import { PermanentError } from '../../common/errors.js';

// JSON.stringify keeps ["a","bc"] and ["ab","c"] apart.
const digest = (...parts: (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

function checkIssuer(issuerId: string): void {
  if (!/^\d{1,20}$/.test(issuerId)) {
    throw new PermanentError(
      'google-issuer-id',
      'The Google issuer id must be the number shown in the Google Pay & Wallet Console; set google.issuerId in tenant.json.',
    );
  }
}

/**
 * Id of a class: `<issuerId>.<classSuffix>.<hash>`. The hash covers the tenant, so tenants that share an issuer never meet.
 * Give a `version` only where each version of a design shall have a class of its own.
 */
export function googleClassId(issuerId: string, tenantId: string, classSuffix: string, version?: number): string {
  checkIssuer(issuerId);
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(classSuffix)) {
    throw new PermanentError('google-class-suffix', 'A class suffix holds 1 to 64 letters, digits, ".", "_" and "-".');
  }
  const hash = digest('class', tenantId, classSuffix, version ?? '').slice(0, 16);
  return `${issuerId}.${classSuffix}${version === undefined ? '' : `-v${version}`}.${hash}`;
}

/**
 * Id of a pass's object: `<issuerId>.<hash>`, always the same for the same pass, so that a retried insert meets its own object.
 * A conversion that needs a second object for the pass names it by `variant` (the id of its class).
 */
export function googleObjectId(issuerId: string, tenantId: string, passId: string, variant?: string): string {
  checkIssuer(issuerId);
  return `${issuerId}.${digest('object', tenantId, passId, variant ?? '').slice(0, 40)}`;
}

/** The issuer that an id belongs to: the part before its first point. */
export function issuerOf(resourceId: string): string {
  return resourceId.slice(0, Math.max(0, resourceId.indexOf('.')));
}
