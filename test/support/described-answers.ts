import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type Koa from 'koa';
import { bracedPath, describeApi } from '../../src/api/openapi.js';
import type { Route } from '../../src/api/route.js';

const DOCUMENT = 'http://described.example/openapi.json';

interface DescribedAnswer {
  content?: Record<string, { schema: object }>;
}
interface Description {
  paths: Record<string, Record<string, { responses: Record<string, DescribedAnswer> }>>;
  components: object;
}
interface WatchedAnswers {
  middleware: Koa.Middleware;
  /** What was answered and is not described, one line each. */
  faults(): string[];
  /** Fails the process of the test file if there was any. */
  report(): void;
}

const mediaType = (header: unknown): string | null =>
  typeof header === 'string' && header !== '' ? header.split(';')[0]!.trim().toLowerCase() : null;

const patternOf = ({ path }: Route): RegExp => {
  const parts = path
    .split(/(:\w+)/)
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('')}/?$`);
};

/** The JSON of an answer that is held in memory; undefined for streams and everything else. */
function jsonOf(body: unknown, type: string | null): unknown {
  if (!/^application\/(problem\+)?json$/.test(type ?? '') || body === null || body === undefined) return undefined;
  if (typeof body === 'string') return JSON.parse(body);
  const isData = typeof body === 'object' && !('pipe' in body) && !Buffer.isBuffer(body);
  return isData ? JSON.parse(JSON.stringify(body)) : undefined;
}

/** What is wrong with an answer by the part of the description that is about it; null: nothing. */
function faultOf(
  answer: DescribedAnswer | undefined,
  { type, mayBeEmpty }: { type: string | null; mayBeEmpty: boolean },
): string | null {
  if (!answer) return 'which is not described';
  const described = Object.keys(answer.content ?? {});
  if (type === null && described.length > 0 && !mayBeEmpty) return `without a body; described: ${described.join(', ')}`;
  if (type !== null && !described.includes(type)) return `as ${type}; described: ${described.join(', ') || 'no body'}`;
  return null;
}

/**
 * Compares every answer of an application with its own description: status, media type and JSON. It stands around the
 * whole application, so that no route and no client of a test is left out.
 */
export function watchAnswers(routes: readonly Route[]): WatchedAnswers {
  const listed = routes.filter(({ hidden }) => !hidden).map((route) => ({ route, pattern: patternOf(route) }));
  const described = describeApi(routes, 'http://described.example') as unknown as Description;
  const ajv = new Ajv2020({ strict: false, logger: false });
  addFormats.default(ajv);
  // One document: what answers share is compiled once.
  ajv.addSchema(described, DOCUMENT);
  const validators = new Map<object, ValidateFunction>();
  const undescribed = new Set<string>();

  function validatorOf(schema: object, at: readonly string[]): ValidateFunction {
    const pointer = at.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const known = validators.get(schema) ?? ajv.compile({ $ref: `${DOCUMENT}#/${pointer}` });
    validators.set(schema, known);
    return known;
  }

  function compare(ctx: Koa.Context, route: Route): void {
    const { statusCode } = ctx.res;
    const type = mediaType(ctx.res.getHeader('content-type'));
    const answer = described.paths[bracedPath(route)]![route.method.toLowerCase()]!.responses[statusCode];
    const where = `${ctx.method} ${route.path} answered ${statusCode}`;
    const fault = faultOf(answer, { type, mayBeEmpty: ctx.method === 'HEAD' });
    if (fault !== null) return void undescribed.add(`${where}, ${fault}`);
    const json = jsonOf(ctx.body, type);
    if (json === undefined) return;
    const { schema } = answer!.content![type!]!;
    const method = route.method.toLowerCase();
    const at = ['paths', bracedPath(route), method, 'responses', String(statusCode), 'content', type!, 'schema'];
    const validate = validatorOf(schema, at);
    if (!validate(json)) undescribed.add(`${where}, beside its schema: ${ajv.errorsText(validate.errors)}`);
  }

  return {
    async middleware(ctx, next) {
      const { method, path } = ctx;
      ctx.res.once('finish', () => {
        const asked = method === 'HEAD' ? 'GET' : method;
        const taken = ctx.state['route'] as string | undefined;
        // Refused before the router: whose address it is decides what the caller has read.
        const found = listed.find(
          ({ route, pattern }) => route.method === asked && (taken ? route.path === taken : pattern.test(path)),
        );
        if (found) compare(ctx, found.route);
      });
      await next();
    },
    faults: () => [...undescribed],
    report() {
      if (undescribed.size === 0) return;
      process.stderr.write(`Answers that /openapi.json does not name:\n${[...undescribed].join('\n')}\n`);
      // To throw would leave the rest of the file's hooks undone, and its databases open.
      process.exitCode = 1;
    },
  };
}
