import type Koa from 'koa';
import { findLink, getLinkKey, LINK_KEY_SECRET } from '../../database/customers/links.js';
import { getSecret } from '../../database/secrets.js';
import { getTenant, type Tenant } from '../../database/tenants/tenants.js';
import { NO_BRAND } from '../../pages/brand.js';
import { messagePage } from '../../pages/message-page.js';
import type { Language } from '../../pages/texts.js';
import { LINK_MISTAKES, type LinkMistake } from '../link-mistakes.js';
import { noteLinkMistake } from '../metrics.js';
import { brandOf, browserLanguage, sendPage, speakFor } from '../page-response.js';
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
  language: Language;
  customerId: string;
  csrf: string;
}

/** What the routes of personal links share: sessions, the tenant of an address, and pages for mistakes. */
export function createLinkSessions(deps: ApiDeps) {
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
    const key = tenant && (await getSecret(sql, tenantId, LINK_KEY_SECRET, deps.secretBox));
    const session = key && cookiesOf(tenantId).read(ctx, key);
    return tenant && session ? { tenant, session } : null;
  }

  /** `tenant` is null where the reader has proven nothing. */
  function refuse(
    ctx: Koa.Context,
    tenantId: string,
    tenant: Tenant | null,
    kind: LinkMistake,
    enrolUrl: string | null = null,
  ): void {
    const { code, status, cure } = LINK_MISTAKES[kind];
    noteLinkMistake(ctx, kind);
    deps.log.info({ code, reason: kind, tenantId, correlationId: ctx.state['correlationId'] }, 'personal link refused');
    const language = browserLanguage(ctx, tenant?.settings.language);
    sendPage(
      ctx,
      deps,
      messagePage({ language, brand: tenant ? brandOf(tenant) : NO_BRAND, kind, code, cure, enrolUrl }),
      status,
    );
  }

  return {
    refuse,
    tenant: (tenantId: string) => getTenant(database.tenant(tenantId)),
    async open(ctx: Koa.Context, tenantId: string, value: SessionValue): Promise<void> {
      cookiesOf(tenantId).set(ctx, await getLinkKey(database.tenant(tenantId), deps.secretBox), value);
    },
    current,
    /** The session of a request, or undefined once the page for its absence is sent. */
    async require(ctx: Koa.Context, tenantId: string): Promise<LinkSession | undefined> {
      const found = await current(ctx, tenantId);
      if (!found) return void refuse(ctx, tenantId, null, 'session-ended');
      const { tenant, session } = found;
      const { customerId, tokenHash } = session.value;
      const link = await findLink(database.tenant(tenantId), {
        tenantId,
        tokenHash: Buffer.from(tokenHash, 'hex'),
        purpose: 'mail',
        now,
      });
      if (link.state !== 'valid') {
        return void refuse(ctx, tenantId, tenant, link.state === 'revoked' ? 'token-revoked' : 'session-ended');
      }
      speakFor(ctx, tenant);
      const language = browserLanguage(ctx, tenant.settings.language);
      return { tenant, language, customerId, csrf: session.csrf };
    },
  };
}
