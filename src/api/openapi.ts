import { z } from 'zod';
import { describeEvent } from '../merchants/events.js';
import { EVENT_TYPES } from '../passes/event-type.js';
import { createDescribedSchemas, type DescribedSchemas } from './described-schemas.js';
import { PROBLEMS, type ProblemCode } from './problems.js';
import { overviewMarkdown } from './reference/overview.js';
import type { Route } from './route.js';
import { SCOPES } from '../common/scopes.js';
import { TAGS } from './tags.js';

const problemSchema = z
  .object({
    type: z.url().describe('Leads to a page about this problem'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(
        z.looseObject({
          pointer: z.string().optional().describe('JSON pointer into the body'),
          parameter: z.string().optional(),
          line: z.int().optional(),
          column: z.int().optional(),
          message: z.string(),
          cure: z.string().optional(),
        }),
      )
      .optional(),
    correlationId: z.uuid(),
  })
  .describe('RFC 9457 problem details');

/** Refusals that a route can give because of what it is, beyond its own. */
function problemsOf(route: Route): ProblemCode[] {
  const codes: ProblemCode[] = [...(route.problems ?? [])];
  if (route.scope !== null) {
    codes.push('unauthenticated', 'wrong-tenant', 'missing-scope', 'rate-limited', 'unavailable');
  }
  if (Object.keys(route.params.shape).length + Object.keys(route.query.shape).length > 0) {
    codes.push('invalid-parameter');
  }
  if (route.body) codes.push('malformed-body', 'body-too-large', 'invalid-request');
  const ofHttp = ['malformed-request', 'request-timeout', 'headers-too-large', 'internal-error'] as const;
  return [...new Set([...codes, ...ofHttp])];
}

function parameters(route: Route, schemas: DescribedSchemas): object[] {
  const of = (schema: z.ZodObject, where: 'path' | 'query') => {
    const { properties = {}, required = [] } = schemas.of(schema, 'input') as {
      properties?: Record<string, Record<string, unknown>>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, { description, ...rest }]) => ({
      name,
      in: where,
      required: where === 'path' || required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
    }));
  };
  const headers = (route.headers ?? []).map(({ name, description }) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string', maxLength: 255 },
  }));
  return [...of(route.params, 'path'), ...of(route.query, 'query'), ...headers];
}

function responses(route: Route, schemas: DescribedSchemas): Record<string, object> {
  const out: Record<string, object> = {};
  const content = (types: Record<string, z.ZodType>) =>
    Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema: schemas.of(schema, 'output') }]));
  for (const [status, answer] of Object.entries(route.answers)) {
    const { description, schema, contentType = 'application/json', otherTypes } = answer;
    out[status] = {
      description,
      headers: {
        'X-Correlation-Id': { schema: { type: 'string', format: 'uuid' } },
        ...(!schema && { Location: { schema: { type: 'string', format: 'uri' } } }),
      },
      ...(schema && { content: content({ [contentType]: schema, ...otherTypes }) }),
    };
  }
  for (const [status, codes] of groupByStatus(problemsOf(route))) {
    out[status] = {
      description: codes.map((code) => `${code}: ${PROBLEMS[code].title}`).join('; '),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
        },
        ...(route.pagesToBrowsers && { 'text/html': { schema: { type: 'string' } } }),
      },
    };
  }
  return out;
}

function groupByStatus(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const groups = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}

const STANDARD_WEBHOOKS = [
  ['webhook-id', 'Id of the event: the same on every attempt'],
  ['webhook-timestamp', 'Time of this attempt, seconds since 1970'],
  ['webhook-signature', '`v1,` and the base64 of HMAC-SHA256; one for each valid secret, separated by a blank'],
] as const;

/** What an endpoint of a merchant receives for one type of event. */
const describeWebhook = ({ when, schema }: ReturnType<typeof describeEvent>, schemas: DescribedSchemas): object => ({
  post: {
    summary: when,
    parameters: STANDARD_WEBHOOKS.map(([name, description]) => ({
      name,
      in: 'header',
      required: true,
      description,
      schema: { type: 'string' },
    })),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemas.of(schema, 'output') } },
    },
    responses: {
      '2XX': { description: 'Taken' },
      410: { description: 'Gone: the endpoint is switched off' },
      default: { description: 'Tried again, as Retry-After asks, for 75 hours' },
    },
    security: [],
  },
});

const problemExample = (code: ProblemCode): object => {
  const { status, title, meaning } = PROBLEMS[code];
  const correlationId = '0192c1f0-5b7e-7c3a-9d2e-1f0a6b8c4d5e';
  return { summary: title, value: { type: `/problems/${code}`, title, status, detail: meaning, correlationId } };
};

/** A route's path as OpenAPI has it: `/v1/passes/{serialNumber}`. */
export const bracedPath = ({ path }: Pick<Route, 'path'>): string => path.replace(/:(\w+)/g, '{$1}');

/** The OpenAPI 3.1 description of a list of routes, from the schemas that validate. */
export function describeApi(
  routes: readonly Route[],
  publicUrl: string,
  tokenUrl: string | null = null,
): Record<string, unknown> {
  const schemas = createDescribedSchemas();
  const problem = schemas.of(problemSchema, 'output');
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    if (route.hidden) continue;
    const path = bracedPath(route);
    (paths[path] ??= {})[route.method.toLowerCase()] = {
      operationId: route.operationId,
      tags: [route.tag],
      summary: route.summary,
      parameters: parameters(route, schemas),
      ...(route.body && {
        requestBody: {
          required: true,
          description: route.body.description,
          content: {
            'application/json': { schema: schemas.of(route.body.schema, 'input'), example: route.body.example },
          },
        },
      }),
      responses: responses(route, schemas),
      security: route.scope === null ? [] : [{ bearer: [] }, { apiKey: [] }, { oauth2: [route.scope] }],
      ...(route.scope !== null && { 'x-scope': route.scope }),
    };
  }
  const webhooks = Object.fromEntries(EVENT_TYPES.map((type) => [type, describeWebhook(describeEvent(type), schemas)]));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Passrelay',
      version: '1',
      summary: 'Klaviyo flows drive wallet passes.',
      description: overviewMarkdown(),
    },
    servers: [{ url: publicUrl }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    webhooks,
    components: {
      schemas: { Problem: problem, ...schemas.components },
      examples: Object.fromEntries(Object.keys(PROBLEMS).map((code) => [code, problemExample(code as ProblemCode)])),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or an OAuth2 access token (JWT)' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-KEY' },
        oauth2: {
          type: 'oauth2',
          description:
            'Tokens of the issuer that the installation or the tenant trusts, with the claims `tenant` and `scope`' +
            (tokenUrl === null ? '. The address of the token endpoint stands for the one of that issuer' : ''),
          flows: {
            clientCredentials: {
              tokenUrl: tokenUrl ?? 'https://issuer.example/oauth2/token',
              scopes: Object.fromEntries(SCOPES.map((scope) => [scope, scope])),
            },
          },
        },
      },
    },
  };
}
