import type Koa from 'koa';
import type { Tenant } from '../database/tenants/tenants.js';
import { NO_BRAND, type Brand } from '../pages/brand.js';
import type { Page } from '../pages/html.js';
import { messagePage } from '../pages/message-page.js';
import { operatorProblemPage } from '../pages/operator-pages.js';
import { chooseLanguage } from '../pages/texts.js';
import { answerEmpty } from './empty-answer.js';
import { noteFailure } from './problems.js';
import type { ApiDeps } from './route.js';

const YEAR_SECONDS = 31_536_000;

/** The headers of every address for people, redirects and files too; no-store and no-referrer are set for all answers. */
export function protect(ctx: Koa.Context, deps: Pick<ApiDeps, 'publicUrl'>): void {
  ctx.set({
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Robots-Tag': 'noindex, nofollow',
    'X-Frame-Options': 'DENY',
    ...(deps.publicUrl.startsWith('https:') && { 'Strict-Transport-Security': `max-age=${YEAR_SECONDS}` }),
  });
}

/** Leads a browser on after a form or a link. */
export const redirect = (ctx: Koa.Context, path: string): void => {
  answerEmpty(ctx, 303);
  ctx.set('Location', path);
};

/** Sends a page for people. */
export function sendPage(ctx: Koa.Context, deps: Pick<ApiDeps, 'publicUrl'>, page: Page, status = 200): void {
  ctx.status = status;
  protect(ctx, deps);
  ctx.set({
    'Content-Security-Policy': page.contentSecurityPolicy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    Vary: 'Accept-Language, User-Agent',
  });
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = page.html;
}

/** The reader's language by the browser alone, where no tenant is known yet. */
export const browserLanguage = (ctx: Koa.Context, tenantLanguage = 'en') =>
  chooseLanguage(ctx.get('Accept-Language'), tenantLanguage);

/** The tenant that a page speaks for. */
export type PageTenant = Pick<Tenant, 'name' | 'settings'>;

export const brandOf = ({ name, settings }: PageTenant): Brand => ({ name, pages: settings.pages });

/** From here on a page of this request, one about a mistake too, speaks for the tenant: its reader has shown to know it. */
export const speakFor = (ctx: Koa.Context, tenant: PageTenant): void => void (ctx.state['pageTenant'] = tenant);

interface Readers {
  /** Operators are told what happened; customers, what to do. */
  for: 'customer' | 'operator';
}

const pageOfStatus = (status: number) => {
  if (status === 429) return 'busy';
  if (status === 404) return 'pass-unknown';
  return status >= 500 ? 'failed' : 'refused';
};

/** Runs a handler whose reader is a person: what it throws becomes a page instead of problem+json. */
export function forPeople(
  deps: Pick<ApiDeps, 'publicUrl' | 'log'>,
  handler: (ctx: Koa.Context) => Promise<void>,
  readers: Readers = { for: 'customer' },
): (ctx: Koa.Context) => Promise<void> {
  return async (ctx) => {
    protect(ctx, deps);
    try {
      await handler(ctx);
    } catch (thrown) {
      const { error, status, title, correlationId } = noteFailure(ctx, deps.log, thrown, 'page');
      const tenant = ctx.state['pageTenant'] as PageTenant | undefined;
      const code = `${status} ${correlationId.slice(0, 8)}`;
      const kind = error.options.page ?? pageOfStatus(status);
      const page =
        readers.for === 'operator'
          ? operatorProblemPage({ title, text: status >= 500 ? '' : error.message, code })
          : messagePage({
              language: browserLanguage(ctx, tenant?.settings.language),
              brand: tenant ? brandOf(tenant) : NO_BRAND,
              kind,
              code,
              cure: null,
            });
      sendPage(ctx, deps, page, status);
    }
  };
}

/** Whether a browser's window asks; programs, and phones that fetch a file, name no HTML. */
export const asksForPage = (ctx: Koa.Context): boolean => /\btext\/html\b/i.test(ctx.get('Accept'));

/** `forPeople` where the request comes from a browser's window; programs, and phones that fetch a file, get problem+json. */
export function forBrowsers(
  deps: Pick<ApiDeps, 'publicUrl' | 'log'>,
  handler: (ctx: Koa.Context) => Promise<void>,
): (ctx: Koa.Context) => Promise<void> {
  return (ctx) => {
    protect(ctx, deps);
    return asksForPage(ctx) ? forPeople(deps, handler)(ctx) : handler(ctx);
  };
}
