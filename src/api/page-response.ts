import type Koa from 'koa';
import type { Page } from '../pages/html.js';
import { messagePage } from '../pages/message-page.js';
import { operatorProblemPage } from '../pages/operator-pages.js';
import { answerEmpty } from './empty-answer.js';
import { noteFailure } from './problems.js';
import type { ApiDeps } from './route.js';
import { speakerOf } from './speakers.js';

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

/** The first page of the tenant whose operator asks. */
const homeOf = (ctx: Koa.Context): string | null =>
  /^\/ops\/[a-z0-9][a-z0-9-]{0,62}(?=\/|$)/.exec(ctx.path)?.[0] ?? null;

interface Readers {
  /** Operators read what happened; customers, what to do. */
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
      const code = `${status} ${correlationId.slice(0, 8)}`;
      const kind = error.options.page ?? pageOfStatus(status);
      const page =
        readers.for === 'operator'
          ? operatorProblemPage({ title, text: status >= 500 ? '' : error.message, code, home: homeOf(ctx) })
          : messagePage({ ...speakerOf(ctx), kind, code, cure: null });
      sendPage(ctx, deps, page, status);
    }
  };
}

/** Whether a browser's window asks; programs, and phones that fetch a file, name no HTML. */
export const asksForPage = (ctx: Koa.Context): boolean => /\btext\/html\b/i.test(ctx.get('Accept'));
