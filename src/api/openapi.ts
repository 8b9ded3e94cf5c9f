import { z } from 'zod';
import { describeEvent } from '../merchants/events.js';
import { EVENT_TYPES } from '../passes/event-type.js';
import { PROBLEMS, type ProblemCode } from './problems.js';
import type { Route } from './route.js';
import { SCOPES } from './access/scopes.js';

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

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

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

function parameters(route: Route): object[] {
  const of = (schema: z.ZodObject, where: 'path' | 'query') => {
    const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
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

function responses(route: Route): Record<string, object> {
  const out: Record<string, object> = {};
  for (const [status, { description, schema, contentType }] of Object.entries(route.answers)) {
    out[status] = {
      description,
      headers: {
        'X-Correlation-Id': { schema: { type: 'string', format: 'uuid' } },
        ...(!schema && { Location: { schema: { type: 'string', format: 'uri' } } }),
      },
      ...(schema && { content: { [contentType ?? 'application/json']: { schema: jsonSchema(schema, 'output') } } }),
    };
  }
  for (const [status, codes] of groupByStatus(problemsOf(route))) {
    out[status] = {
      description: codes.map((code) => `${code}: ${PROBLEMS[code].title}`).join('; '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
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
const describeWebhook = ({ when, schema }: ReturnType<typeof describeEvent>): object => ({
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
      content: { 'application/json': { schema: jsonSchema(schema, 'output') } },
    },
    responses: {
      '2XX': { description: 'Taken' },
      410: { description: 'Gone: the endpoint is switched off' },
      default: { description: 'Tried again, as Retry-After asks, for 75 hours' },
    },
    security: [],
  },
});

/** A route's path as OpenAPI has it: `/v1/passes/{serialNumber}`. */
export const bracedPath = ({ path }: Pick<Route, 'path'>): string => path.replace(/:(\w+)/g, '{$1}');

/** The OpenAPI 3.1 description of a list of routes, from the schemas that validate. */
export function describeApi(
  routes: readonly Route[],
  publicUrl: string,
  tokenUrl: string | null = null,
): Record<string, unknown> {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    if (route.hidden) continue;
    const path = bracedPath(route);
    (paths[path] ??= {})[route.method.toLowerCase()] = {
      summary: route.summary,
      parameters: parameters(route),
      ...(route.body && {
        requestBody: {
          required: true,
          description: route.body.description,
          content: {
            'application/json': { schema: jsonSchema(route.body.schema, 'input'), example: route.body.example },
          },
        },
      }),
      responses: responses(route),
      security: route.scope === null ? [] : [{ bearer: [] }, { apiKey: [] }, { oauth2: [route.scope] }],
      ...(route.scope !== null && { 'x-scope': route.scope }),
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Passrelay', version: '1', description: 'Klaviyo flows drive wallet passes.' },
    servers: [{ url: publicUrl }],
    paths,
    webhooks: Object.fromEntries(EVENT_TYPES.map((type) => [type, describeWebhook(describeEvent(type))])),
    components: {
      schemas: { Problem: jsonSchema(problemSchema, 'output') },
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
