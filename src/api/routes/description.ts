import { z } from 'zod';
import { describeEvent } from '../../merchants/events.js';
import { EVENT_TYPES } from '../../passes/event-type.js';
import { drawFavicon } from '../favicon.js';
import { documentPage, escapeHtml, escapeSentence, PAGE_HEADERS } from '../html-text.js';
import { bracedPath, describeApi } from '../openapi.js';
import { none } from '../parameters.js';
import { ApiError, PROBLEMS, type ProblemCode } from '../problems.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';

const problemPage = (code: ProblemCode): string => {
  const { status, title, meaning, cure } = PROBLEMS[code];
  return documentPage(
    title,
    `<p><code>${code}</code>, HTTP status ${status}</p>
<h2>What it means</h2><p>${escapeHtml(meaning)}</p>
<h2>What to do</h2><p>${escapeHtml(cure)}</p>
<p><a href="/problems">All problems</a> · <a href="/docs">All calls</a></p>`,
  );
};

const problemList = (): string =>
  documentPage(
    'Problems',
    `<table><tr><th>Status</th><th>Code</th><th>Title</th></tr>
${Object.entries(PROBLEMS)
  .map(
    ([code, { status, title }]) =>
      `<tr><td>${status}</td><td><a href="/problems/${code}"><code>${code}</code></a></td><td>${escapeHtml(title)}</td></tr>`,
  )
  .join('\n')}
</table>`,
  );

const anchorOf = (route: Route): string =>
  `${route.method} ${bracedPath(route)}`.replace(/[^a-z]+/gi, '-').toLowerCase();

const contents = (routes: readonly Route[]): string =>
  `<nav aria-label="All calls"><table><tr><th>Call</th><th>What it does</th></tr>
${routes
  .map(
    (route) =>
      `<tr><td><a href="#${anchorOf(route)}"><code>${route.method} ${escapeHtml(bracedPath(route))}</code></a></td><td>${escapeSentence(route.summary)}</td></tr>`,
  )
  .join('\n')}
</table></nav>`;

function routePage(route: Route): string {
  const answers = Object.entries(route.answers).map(([status, { description }]) => `${status}: ${description}`);
  const example = route.body && `<pre>${escapeHtml(JSON.stringify(route.body.example, null, 2))}</pre>`;
  const names = (title: string, list: readonly string[]): string =>
    list.length === 0 ? '' : `<p>${title}: ${list.map((name) => `<code>${escapeHtml(name)}</code>`).join(', ')}</p>\n`;
  return `<h2 id="${anchorOf(route)}"><code>${route.method} ${escapeHtml(bracedPath(route))}</code></h2>
<p>${escapeSentence(route.summary)}</p>
<p>${route.scope ? `Scope <code>${route.scope}</code>` : 'No key'}. ${escapeSentence(answers.join('; '))}.</p>
${names('In the query, if you like', Object.keys(route.query.shape))}${names(
    'Headers',
    (route.headers ?? []).map(({ name }) => name),
  )}${example ?? ''}`;
}

/** The same pages as text, for programs that read: Markdown. */
const routeText = (route: Route): string =>
  [
    `## ${route.method} ${bracedPath(route)}`,
    '',
    `${route.summary}. ${route.scope ? `Scope \`${route.scope}\`` : 'No key'}.`,
    ...Object.entries(route.answers).map(([status, { description }]) => `- ${status}: ${description}`),
    ...(route.body ? ['', '```json', JSON.stringify(route.body.example, null, 2), '```'] : []),
  ].join('\n');

const apiText = (routes: readonly Route[]): string =>
  `# Passrelay API\n\nThe full description is /openapi.json (OpenAPI 3.1). A key goes into \`Authorization: Bearer …\` or \`X-API-KEY\`. Errors are application/problem+json: /problems.md.\n\n${routes.map(routeText).join('\n\n')}\n`;

const problemText = (): string =>
  `# Problems\n\n${Object.entries(PROBLEMS)
    .map(([code, { status, title, meaning, cure }]) => `## ${code}\n\n${status}: ${title}. ${meaning} ${cure}`)
    .join('\n\n')}\n`;

const LLMS = `# Passrelay

> Durable orchestration between Klaviyo and the wallet on a customer's phone: it issues, changes and ends Apple and Google Wallet passes, and tells Klaviyo and merchants.

## Documentation

- [API](/docs.md): every call with its scope, answers and an example
- [Problems](/problems.md): every error with its meaning and cure
- [OpenAPI 3.1](/openapi.json): schemas of all requests, answers and webhooks
`;

const apiPage = (routes: readonly Route[]): string =>
  documentPage(
    'Passrelay API',
    `<p>The full description is <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). Errors are
<code>application/problem+json</code>; see <a href="/problems">all problems</a>. A key goes into
<code>Authorization: Bearer …</code> or <code>X-API-KEY</code>.</p>
${contents(routes)}
${routes.map(routePage).join('\n')}
<h2>What merchants' endpoints receive</h2>
<table><tr><th>Event</th><th>When</th></tr>
${EVENT_TYPES.map((type) => `<tr><td><code>${type}</code></td><td>${escapeSentence(describeEvent(type).when)}</td></tr>`).join('\n')}
</table>`,
  );

/** The description of the API for machines and people, and a page for each problem. */
export function descriptionRoutes(deps: ApiDeps, routes: readonly Route[]): Route[] {
  // Made on first use, then kept: the list never changes while the process runs.
  let description: string | undefined;
  let icon: Buffer | undefined;
  const page = (path: string, summary: string, html: () => string): Route =>
    openRoute({
      method: 'GET',
      path,
      summary,
      hidden: true,
      params: none,
      query: none,
      answers: { 200: { description: 'A page' } },
      async handler(ctx) {
        ctx.set(PAGE_HEADERS);
        ctx.type = 'html';
        ctx.body = html();
      },
    });
  const text = (path: string, summary: string, type: string, content: () => string): Route =>
    openRoute({
      method: 'GET',
      path,
      summary,
      hidden: true,
      params: none,
      query: none,
      answers: { 200: { description: 'Text' } },
      async handler(ctx) {
        ctx.type = `${type}; charset=utf-8`;
        ctx.body = content();
      },
    });
  return [
    openRoute({
      method: 'GET',
      path: '/openapi.json',
      summary: 'This description',
      hidden: true,
      params: none,
      query: none,
      answers: { 200: { description: 'OpenAPI 3.1' } },
      async handler(ctx) {
        description ??= JSON.stringify(describeApi(routes, deps.publicUrl, deps.tokenUrl));
        ctx.type = 'application/json';
        ctx.body = description;
      },
    }),
    page('/docs', 'The calls of this API', () => apiPage(routes.filter((route) => !route.hidden))),
    page('/problems', 'All problems', problemList),
    text('/docs.md', 'The calls of this API, as Markdown', 'text/markdown', () =>
      apiText(routes.filter((route) => !route.hidden)),
    ),
    text('/problems.md', 'All problems, as Markdown', 'text/markdown', problemText),
    text('/llms.txt', 'What a language model reads first', 'text/plain', () => LLMS),
    openRoute({
      method: 'GET',
      path: '/favicon.ico',
      summary: 'An icon of no brand; browsers ask at every first page',
      hidden: true,
      params: none,
      query: z.looseObject({}),
      answers: { 200: { description: 'An icon' } },
      async handler(ctx) {
        icon ??= drawFavicon();
        ctx.set('Cache-Control', 'public, max-age=86400');
        ctx.type = 'image/x-icon';
        ctx.body = icon;
      },
    }),
    openRoute({
      method: 'GET',
      path: '/problems/:code',
      summary: 'What a problem means',
      hidden: true,
      readers: 'operator',
      params: z.object({ code: z.string() }),
      query: none,
      answers: { 200: { description: 'A page' } },
      async handler(ctx, { params }) {
        if (!Object.hasOwn(PROBLEMS, params.code)) throw new ApiError('not-found', 'No problem has this name.');
        ctx.set(PAGE_HEADERS);
        ctx.type = 'html';
        ctx.body = problemPage(params.code as ProblemCode);
      },
    }),
  ];
}
