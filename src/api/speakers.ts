import type Koa from 'koa';
import type { Logger } from 'pino';
import { createRecent, rememberFor } from '../common/remember.js';
import type { Database } from '../database/connect.js';
import { findPassTypeWithLogo } from '../database/tenants/pass-types.js';
import type { Tenant } from '../database/tenants/tenants.js';
import { NO_BRAND, type Brand, type BrandLogo } from '../pages/brand.js';
import { chooseLanguage, LANGUAGE_CODES, type Language } from '../pages/texts.js';
import { presentLogo, unissuedPass } from './links/present-card.js';

/** The tenant that a page speaks for. */
export type PageTenant = Pick<Tenant, 'tenantId' | 'name' | 'settings'>;

/** What opens an address, by its kind; a token and a session open those of one tenant. */
export const secretOf = {
  pass: (serialNumber: string): string => `pass/${serialNumber}`,
  link: (tenantId: string, tokenHash: string): string => `link/${tenantId}/${tokenHash}`,
  session: (tenantId: string, cookie: string): string => `session/${tenantId}/${cookie}`,
};

interface Speaker {
  name: string;
  pages: Brand['pages'];
  tenantLanguage: string;
  /** Designs may have a logo for each language. */
  logos: ReadonlyMap<Language, BrandLogo | null>;
}

const LOGO_MS = 60_000;
/** Secrets of addresses whose brand a process remembers. */
const MOST_REMEMBERED = 20_000;

/**
 * Who speaks on a page for customers. A handler says first what its reader knows (`recall`), then which tenant that belongs
 * to (`speakFor`). A page of a request that gets no further, because the reader asks too often or the database is away,
 * speaks for the brand that this process showed to the same reader before.
 */
export interface Speakers {
  /** `secrets`: what opens the address, by `secretOf`. Where one of several is not known to lead to the same brand, nothing. */
  recall(ctx: Koa.Context, secrets: readonly string[]): void;
  /** From here on each page of this request speaks for the tenant, one about a mistake too: its reader has shown to know it. */
  speakFor(ctx: Koa.Context, tenant: PageTenant, secrets: readonly string[]): Promise<void>;
}

export function createSpeakers(deps: {
  database: Database;
  publicUrl: string;
  now: () => number;
  log: Logger;
}): Speakers {
  const { database, publicUrl, now, log } = deps;
  const remembered = createRecent<{ tenantId: string }>(MOST_REMEMBERED, () => 1);
  const speakers = createRecent<Speaker>(MOST_REMEMBERED, () => 1);

  const logoDesigns = rememberFor({ ttlMs: LOGO_MS, now }, async (key: string) => {
    const [tenantId, preferred] = key.split('\n') as [string, string];
    return (await findPassTypeWithLogo(database.tenant(tenantId), preferred)) ?? null;
  });

  async function logosOf({ tenantId, settings }: PageTenant): Promise<Speaker['logos']> {
    const version = await logoDesigns(`${tenantId}\n${settings.links.passType ?? ''}`);
    const logo = (language: Language): BrandLogo | null =>
      version &&
      presentLogo({
        pass: unissuedPass(tenantId, version, {}, settings),
        version,
        locale: { timeZone: settings.timeZone, language },
        ownLanguage: settings.language,
        publicUrl,
      });
    return new Map(LANGUAGE_CODES.map((language) => [language, logo(language)]));
  }

  return {
    recall(ctx, secrets) {
      const [first, ...others] = secrets.map((secret) => remembered.get(secret)?.value.tenantId);
      if (first === undefined || others.some((other) => other !== first)) return;
      ctx.state['speaker'] = speakers.get(first)?.value;
    },
    async speakFor(ctx, tenant, secrets) {
      const { tenantId, name, settings } = tenant;
      const logos = await logosOf(tenant).catch((err: unknown): Speaker['logos'] => {
        // The page is worth more than its logo.
        log.warn({ err, tenantId }, 'logo of a page not found');
        return speakers.get(tenantId)?.value.logos ?? new Map();
      });
      const speaker = { name, pages: settings.pages, tenantLanguage: settings.language, logos };
      ctx.state['speaker'] = speakers.set(tenantId, speaker);
      for (const secret of secrets) remembered.set(secret, { tenantId });
    },
  };
}

/** The brand of a request's pages, and their one language: the reader's, else the tenant's. */
export function speakerOf(ctx: Koa.Context): { brand: Brand; language: Language } {
  const speaker = ctx.state['speaker'] as Speaker | undefined;
  const language = chooseLanguage(ctx.get('Accept-Language'), speaker?.tenantLanguage ?? 'en');
  if (!speaker) return { brand: NO_BRAND, language };
  const { name, pages, logos } = speaker;
  return { brand: { name, pages, logo: logos.get(language) ?? null }, language };
}
