import { z } from 'zod';
import { callerOf } from '../access/authenticate.js';
import { healthReport, type HealthReport } from '../health-report.js';
import { none } from '../parameters.js';
import { ApiError } from '../problems.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';

const affected = z.object({
  tenantId: z.string(),
  passTypeIdentifier: z.string().optional(),
  detail: z.string(),
});
const part = z.object({
  state: z.enum(['ok', 'degraded']),
  detail: z.string().optional(),
  affected: z
    .array(affected)
    .optional()
    .describe('What of the caller’s tenant is affected; only for a key with Operation.Read'),
});
const readiness = z.object({
  state: z.enum(['ok', 'degraded']),
  parts: z.record(z.string(), part),
  certificates: z.object({ active: z.int(), soonestExpiryDays: z.int().nullable() }),
});

const RETRY = { headers: { 'Retry-After': '5' } };

/** Liveness and readiness. Without PostgreSQL nothing can be accepted; all else only degrades. Strangers learn of no tenant. */
export const healthRoutes = (deps: ApiDeps): Route[] => [
  openRoute({
    method: 'GET',
    path: '/livez',
    summary: 'The process answers',
    tag: 'Health',
    operationId: 'isAlive',
    params: none,
    query: none,
    answers: { 200: { description: 'Alive', schema: z.object({ state: z.literal('ok') }) } },
    async handler(ctx) {
      ctx.body = { state: 'ok' };
    },
  }),
  openRoute({
    method: 'GET',
    path: '/readyz',
    summary: 'Whether requests can be accepted (PostgreSQL), and what is degraded',
    tag: 'Health',
    operationId: 'isReady',
    params: none,
    query: none,
    headers: [
      {
        name: 'Authorization',
        description:
          'Optional: a key with Operation.Read also gets which of its tenant’s certificates and keys are meant.',
      },
    ],
    answers: { 200: { description: 'Ready, perhaps degraded', schema: readiness } },
    problems: ['unavailable'],
    async handler(ctx) {
      if (deps.isStopping?.()) throw new ApiError('unavailable', 'This process is stopping: ask another one.', RETRY);
      const report: HealthReport = await healthReport(deps, await deps.health()).catch((error: unknown) => {
        throw new ApiError('unavailable', 'PostgreSQL cannot be reached: nothing can be accepted.', {
          ...RETRY,
          cause: error,
        });
      });
      const { schema } = report.parts;
      if (schema?.state === 'degraded') throw new ApiError('unavailable', `${schema.detail}.`, RETRY);
      const caller = await callerOf(ctx, deps.credentials);
      const tenantId = caller?.scopes.includes('Operation.Read') ? caller.tenant.tenantId : null;
      const parts: Record<string, z.output<typeof part>> = {};
      for (const [name, { affected, ...rest }] of Object.entries(report.parts)) {
        const own = affected.filter((one) => one.tenantId === tenantId);
        parts[name] = own.length > 0 ? { ...rest, affected: own } : rest;
      }
      const state = Object.values(parts).some((one) => one.state === 'degraded') ? 'degraded' : 'ok';
      ctx.body = { state, parts, certificates: report.certificates };
    },
  }),
];
