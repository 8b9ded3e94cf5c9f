import type Koa from 'koa';
import { findLink, getLinkKey, LINK_KEY_SECRET } from '../../database/customers/links.js';
import { getSecret } from '../../database/secrets.js';
import { getTenant, type Tenant } from '../../database/tenants/tenants.js';
import type { Brand } from '../../pages/brand.js';
import { messagePage } from '../../pages/message-page.js';
import type { Language } from '../../pages/texts.js';
import { LINK_MISTAKES, type LinkMistake } from '../link-mistakes.js';
import { noteLinkMistake } from '../metrics.js';
import { sendPage } from '../page-response.js';
import { secretOf, speakerOf, type Speakers } from '../speakers.js';
import type { ApiDeps } from '../route.js';
import { signedCookies } from '../access/signed-cookie.js';

/** Half an hour is enough to fill in a form and short enough for a borrowed computer. */
const SESSION_MS = 30 * 60_000;

interface SessionValue {
  customerId: string;
  /** Hex; a revoked link ends its sessions, too. */
  tokenHash: string;
}

export interface LinkSession {
  tenant: Tenant;
  brand: Brand;
  language: Language;
  customerId: string;
  csrf: string;
}

/** What the routes of personal links share: sessions, the tenant of an address, and pages for mistakes. */
export function createLinkSessions(deps: ApiDeps, speakers: Speakers) {
  const { database, publicUrl, now } = deps;
  const cookiesOf = (tenantId: string) =>
    signedCookies<SessionValue>({
      name: 'passrelay_link',
      path: `/${tenantId}/mail`,
      use: `link:${tenantId}`,
      maxAgeMs: SESSION_MS,
      secure: publicUrl.startsWith('https:'),
      now,
    });

  /** What the cookie of a request says. Reads only: a stranger's visit must not make a tenant's key. */
  async function current(ctx: Koa.Context, tenantId: string) {
    const sql = database.tenant(tenantId);
    const tenant = await getTenant(sql);
    const key = tenant && (await getSecret(sql, LINK_KEY_SECRET, deps.secretBox));
    const session = key && cookiesOf(tenantId).read(ctx, key);
    return tenant && session ? { tenant, session } : null;
  }

  function refuse(ctx: Koa.Context, tenantId: string, kind: LinkMistake, enrolUrl: string | null = null): void {
    const { code, status, cure } = LINK_MISTAKES[kind];
    noteLinkMistake(ctx, kind);
    deps.log.info({ code, reason: kind, tenantId, correlationId: ctx.state['correlationId'] }, 'personal link refused');
    sendPage(ctx, deps, messagePage({ ...speakerOf(ctx), kind, code, cure, enrolUrl }), status);
  }

  return {
    refuse,
    tenant: (tenantId: string) => getTenant(database.tenant(tenantId)),
    /** Recalls who speaks to the holder of a session. */
    recall: (ctx: Koa.Context, tenantId: string): void =>
      speakers.recall(ctx, [secretOf.session(tenantId, cookiesOf(tenantId).given(ctx))]),
    async open(ctx: Koa.Context, tenant: Tenant, value: SessionValue): Promise<void> {
      const { tenantId } = tenant;
      const key = await getLinkKey(database.tenant(tenantId), deps.secretBox);
      const cookie = cookiesOf(tenantId).set(ctx, key, value);
      await speakers.speakFor(ctx, tenant, [secretOf.session(tenantId, cookie)]);
    },
    current,
    /** The session of a request, or undefined once the page for its absence is sent. */
    async require(ctx: Koa.Context, tenantId: string): Promise<LinkSession | undefined> {
      const found = await current(ctx, tenantId);
      if (!found) return void refuse(ctx, tenantId, 'session-ended');
      const { tenant, session } = found;
      await speakers.speakFor(ctx, tenant, [secretOf.session(tenantId, cookiesOf(tenantId).given(ctx))]);
      const { customerId, tokenHash } = session.value;
      const link = await findLink(database.tenant(tenantId), {
        tenantId,
        tokenHash: Buffer.from(tokenHash, 'hex'),
        purpose: 'mail',
        now,
      });
      if (link.state !== 'valid') {
        return void refuse(ctx, tenantId, link.state === 'revoked' ? 'token-revoked' : 'session-ended');
      }
      return { tenant, ...speakerOf(ctx), customerId, csrf: session.csrf };
    },
  };
}
