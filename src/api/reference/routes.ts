import { createHash } from 'node:crypto';
import { none } from '../parameters.js';
import { PAGE_HEADERS } from '../html-text.js';
import { ApiError } from '../problems.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { referencePage, REFERENCE_HEADERS, textOnlyPage } from './page.js';
import { findReferenceScript, readReferenceScript, type ReferenceScript } from './script.js';

/** The API reference at `/docs` and the script that draws it, both from this process. */
export function referenceRoutes(deps: ApiDeps): Route[] {
  const publicUrl = new URL(deps.publicUrl);
  const file = findReferenceScript();
  // Read and packed at the first use, then kept: 1 MB of a process that may never be asked.
  let script: (ReferenceScript & { etag: string }) | undefined;
  const load = (from: string) => {
    const read = readReferenceScript(from);
    return { ...read, etag: `"${createHash('sha256').update(read.plain).digest('base64url').slice(0, 22)}"` };
  };
  return [
    openRoute({
      method: 'GET',
      path: '/docs',
      summary: 'The calls of this API',
      hidden: true,
      params: none,
      query: none,
      answers: { 200: { description: 'A page' } },
      async handler(ctx) {
        ctx.set(file === null ? PAGE_HEADERS : REFERENCE_HEADERS);
        ctx.type = 'html';
        // Calls are tried where the page came from, as its policy has it: also behind a tunnel, or at an inner address.
        const origin = ctx.host === publicUrl.host ? publicUrl.origin : `${ctx.protocol}://${ctx.host}`;
        ctx.body = file === null ? textOnlyPage() : referencePage(origin);
      },
    }),
    openRoute({
      method: 'GET',
      path: '/docs/reference.js',
      summary: 'The script of the API reference',
      hidden: true,
      params: none,
      query: none,
      answers: { 200: { description: 'A script' } },
      async handler(ctx) {
        if (file === null) throw new ApiError('not-found', 'This installation has no API reference to draw.');
        script ??= load(file);
        ctx.set({ 'Cache-Control': 'public, max-age=3600', ETag: script.etag, Vary: 'Accept-Encoding' });
        ctx.status = 200;
        if (ctx.fresh) {
          ctx.status = 304;
          return;
        }
        const packed = ctx.acceptsEncodings('gzip', 'identity') === 'gzip';
        if (packed) ctx.set('Content-Encoding', 'gzip');
        ctx.type = 'text/javascript';
        ctx.body = packed ? script.gzip : script.plain;
      },
    }),
  ];
}
