import type Koa from 'koa';
import { getLinkKey, LINK_KEY_SECRET } from '../../database/customers/links.js';
import { findLiveKey } from '../../database/operations/operator.js';
import { getSecret } from '../../database/secrets.js';
import { getTenant, type Tenant } from '../../database/tenants/tenants.js';
import type { OperatorFrame } from '../../pages/operator-frame.js';
import { isTest } from '../../common/environment.js';
import type { Caller } from '../access/credentials.js';
import { withinDeadline } from '../deadline.js';
import type { ApiDeps } from '../route.js';
import { knownScopes } from '../../common/scopes.js';
import { signedCookies } from '../access/signed-cookie.js';

/** A working day. */
const SESSION_MS = 8 * 60 * 60_000;

export interface OperatorSession {
  tenant: Tenant;
  caller: Caller;
  csrf: string;
  frame: OperatorFrame;
}

export type OperatorSessions = ReturnType<typeof createOperatorSessions>;

/** Sessions of the operator's pages: the browser holds the id of a key, never the key; a revoked key ends them at once. */
export function createOperatorSessions(deps: ApiDeps) {
  const { database, publicUrl, now } = deps;
  const cookiesOf = (tenantId: string) =>
    signedCookies<{ keyId: string }>({
      name: 'passrelay_ops',
      path: `/ops/${tenantId}`,
      use: `ops:${tenantId}`,
      maxAgeMs: SESSION_MS,
      secure: publicUrl.startsWith('https:'),
      now,
    });

  return {
    /** Signs in by an API key of this tenant with Operation.Read. */
    async signIn(ctx: Koa.Context, tenantId: string, secret: string): Promise<'ok' | 'unknown' | 'missing-scope'> {
      const caller = await withinDeadline(deps.credentials.resolve(secret));
      if (caller?.via !== 'key' || caller.tenant.tenantId !== tenantId) return 'unknown';
      if (!caller.scopes.includes('Operation.Read')) return 'missing-scope';
      const key = await getLinkKey(database.tenant(tenantId), deps.secretBox);
      cookiesOf(tenantId).set(ctx, key, { keyId: caller.id });
      return 'ok';
    },
    signOut: (ctx: Koa.Context, tenantId: string): void => void cookiesOf(tenantId).clear(ctx),
    /** Who is signed in, or null. */
    async current(ctx: Koa.Context, tenantId: string): Promise<OperatorSession | null> {
      const sql = database.tenant(tenantId);
      const key = await getSecret(sql, LINK_KEY_SECRET, deps.secretBox);
      const session = key && cookiesOf(tenantId).read(ctx, key);
      if (!session) return null;
      const [tenant, row] = await Promise.all([getTenant(sql), findLiveKey(sql, session.value.keyId)]);
      const scopes = knownScopes(row?.scopes ?? []);
      if (!tenant || !row || !scopes.includes('Operation.Read')) return null;
      const { accountId, environment, settings } = tenant;
      return {
        tenant,
        csrf: session.csrf,
        frame: {
          tenantId,
          tenantName: tenant.name,
          csrf: session.csrf,
          clock: { now: now(), timeZone: settings.timeZone ?? 'UTC' },
        },
        caller: {
          via: 'key',
          id: session.value.keyId,
          scopes,
          test: isTest(environment, row),
          tenant: { tenantId, accountId, environment, settings },
        },
      };
    },
  };
}
