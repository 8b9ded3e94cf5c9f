import type Koa from 'koa';
import type { Caller, Credentials } from './credentials.js';
import { withinDeadline } from '../deadline.js';
import { ApiError } from '../problems.js';
import type { Scope } from '../../common/scopes.js';

const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="passrelay"' };

/** The key or token of a request: `Authorization: Bearer` first, then `X-API-KEY`. */
function secretOf(ctx: Koa.Context): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(ctx.get('Authorization').trim());
  return bearer?.[1] ?? (ctx.get('X-API-KEY').trim() || null);
}

/**
 * What is visibly wrong with a key as it was pasted, from its outer form alone: nothing here depends on which keys exist.
 * Undefined where it has the form of a key or of a token.
 */
function mistakeOf(header: string): string | undefined {
  const key = header.replace(/^Bearer +/i, '');
  if (/\{\{|\}\}|\{%/.test(key)) return 'The header of the key holds a template tag. Put the key itself there.';
  if (/[^\x21-\x7e]|\.\.\.$/.test(key)) {
    return 'The header holds a placeholder or several words where the key belongs. Put the key itself there, which begins with pr_live_ or pr_test_.';
  }
  if (/^["'<]|["'>]$/.test(key)) {
    return 'The key stands in quotes or angle brackets. Send the key alone, without them.';
  }
  return undefined;
}

/** The caller of an address that is open to all; null without a valid key. */
export async function callerOf(ctx: Koa.Context, credentials: Credentials): Promise<Caller | null> {
  const secret = secretOf(ctx);
  return secret === null ? null : withinDeadline(credentials.resolve(secret));
}

/**
 * The caller of a request that asks for one of `scopes` of `tenantId` (null: the caller's own tenant). Refusals say nothing
 * about what exists. Throws `unavailable` where keys cannot be read: Klaviyo drops a delivery after a 401 for good.
 */
export async function authenticate(
  ctx: Koa.Context,
  credentials: Credentials,
  scopes: readonly Scope[],
  tenantId: string | null,
): Promise<Caller> {
  const secret = secretOf(ctx);
  const [authorization, alone] = [ctx.get('Authorization').trim(), ctx.get('X-API-KEY').trim()];
  const isBearer = /^Bearer +\S/i.test(authorization);
  const refuse = (said: string): ApiError => new ApiError('unauthenticated', said, { headers: CHALLENGE });
  if (secret === null) {
    const otherwise =
      authorization === ''
        ? 'No API key came with the request. Send it as "Authorization: Bearer <key>" or as "X-API-KEY".'
        : 'The header Authorization does not begin with "Bearer ": write "Bearer " before the key, or send the key alone as X-API-KEY.';
    throw refuse((isBearer ? mistakeOf(authorization) : undefined) ?? otherwise);
  }
  const caller = await withinDeadline(credentials.resolve(secret));
  if (!caller) {
    if (!isBearer && /^Bearer\b/i.test(alone)) {
      throw refuse(
        'X-API-KEY takes the key alone: remove the word Bearer before it, or send both as the header Authorization.',
      );
    }
    throw refuse(
      mistakeOf(isBearer ? authorization : alone) ??
        'The API key or token is not known, was revoked or has expired. Put a valid one into the header X-API-KEY or Authorization.',
    );
  }
  ctx.state['caller'] = caller;
  const account = ctx.get('X-ACCOUNT-ID').trim();
  if ((tenantId !== null && tenantId !== caller.tenant.tenantId) || (account && account !== caller.tenant.accountId)) {
    throw new ApiError(
      'wrong-tenant',
      'The key does not belong to the tenant or account that the request names. Correct the header X-ACCOUNT-ID or the address, or use a key of that tenant.',
    );
  }
  if (!scopes.some((scope) => caller.scopes.includes(scope))) {
    throw new ApiError('missing-scope', `The key lacks the scope ${scopes.join(' or ')}. Use a key that has it.`);
  }
  return caller;
}
