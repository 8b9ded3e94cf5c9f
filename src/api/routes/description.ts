import { z } from 'zod';
import { describeEvent } from '../../merchants/events.js';
import { EVENT_TYPES } from '../../passes/event-type.js';
import { drawFavicon } from '../favicon.js';
import { documentPage, escapeHtml, PAGE_HEADERS } from '../html-text.js';
import { bracedPath, describeApi } from '../openapi.js';
import { none } from '../parameters.js';
import { ApiError, PROBLEMS, type ProblemCode } from '../problems.js';
import { referenceRoutes } from '../reference/routes.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { TAGS } from '../tags.js';

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

/** The same pages as text, for programs that read: Markdown. */
const routeText = (route: Route): string =>
  [
    `### ${route.method} ${bracedPath(route)}`,
    '',
    `${route.summary}. ${route.scope ? `Scope \`${route.scope}\`` : 'No key'}.`,
    ...Object.entries(route.answers).map(([status, { description }]) => `- ${status}: ${description}`),
    ...(route.body ? ['', '```json', JSON.stringify(route.body.example, null, 2), '```'] : []),
  ].join('\n');

const tagText = (tag: string, description: string, routes: readonly Route[]): string =>
  `## ${tag}\n\n${description}.\n\n${routes.map(routeText).join('\n\n')}\n`;

const eventText = (): string =>
  `## What endpoints of merchants receive\n\n| Event | When |\n|---|---|\n${EVENT_TYPES.map(
    (type) => `| \`${type}\` | ${describeEvent(type).when} |`,
  ).join('\n')}\n`;

const apiText = (routes: readonly Route[]): string =>
  [
    '# Passrelay API\n',
    'The full description is /openapi.json (OpenAPI 3.1). A key goes into `Authorization: Bearer …` or `X-API-KEY`. Errors are application/problem+json: /problems.md.\n',
    ...Object.entries(TAGS).map(([tag, description]) =>
      tagText(
        tag,
        description,
        routes.filter((route) => route.tag === tag),
      ),
    ),
    eventText(),
  ].join('\n');

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
    ...referenceRoutes(deps),
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
