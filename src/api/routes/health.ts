import { z } from 'zod';
import { listCertificateExpiries } from '../../database/tenants/certificates.js';
import { listRefusedConnections } from '../../database/klaviyo/klaviyo-connections.js';
import { none } from '../parameters.js';
import { ApiError } from '../problems.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';

const DAY_MS = 86_400_000;
/** Apple takes up to a day to issue a certificate, and people take longer to ask for it. */
const CERTIFICATE_WARNING_DAYS = 30;

const part = z.object({ state: z.enum(['ok', 'degraded']), detail: z.string().optional() });
const readiness = z.object({
  state: z.enum(['ok', 'degraded']),
  parts: z.record(z.string(), part),
  certificates: z.object({ active: z.int(), soonestExpiryDays: z.int().nullable() }),
});

const describeEnd = (days: number): string =>
  days < 0 ? 'one has ended: its passes cannot be signed, nor its phones be told' : `one expires in ${days} days`;

/** Liveness and readiness. Without PostgreSQL nothing can be accepted; all else only degrades. Names no tenant. */
export const healthRoutes = (deps: ApiDeps): Route[] => [
  openRoute({
    method: 'GET',
    path: '/livez',
    summary: 'The process answers',
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
    summary: 'Requests can be accepted (PostgreSQL); what is degraded besides',
    params: none,
    query: none,
    answers: { 200: { description: 'Ready, perhaps degraded', schema: readiness } },
    problems: ['unavailable'],
    async handler(ctx) {
      const { system } = deps.database;
      const [expiries, refused] = await Promise.all([
        listCertificateExpiries(system),
        listRefusedConnections(system),
      ]).catch((error: unknown) => {
        throw new ApiError('unavailable', 'PostgreSQL cannot be reached: nothing can be accepted.', {
          headers: { 'Retry-After': '5' },
          cause: error,
        });
      });
      const days = expiries.map(({ notAfter }) => Math.floor((notAfter.getTime() - deps.now()) / DAY_MS));
      const soonest = days.length > 0 ? Math.min(...days) : null;
      const expiring = soonest !== null && soonest < CERTIFICATE_WARNING_DAYS;
      const parts: Record<string, z.output<typeof part>> = {
        postgresql: { state: 'ok' },
        ...(await deps.health()),
        klaviyo:
          refused.length > 0
            ? {
                state: 'degraded',
                detail: `Klaviyo refuses the key of ${refused.length} tenant(s); their write-back waits`,
              }
            : { state: 'ok' },
        certificates: expiring ? { state: 'degraded', detail: describeEnd(soonest) } : { state: 'ok' },
      };
      const state = Object.values(parts).some((one) => one.state === 'degraded') ? 'degraded' : 'ok';
      ctx.body = { state, parts, certificates: { active: days.length, soonestExpiryDays: soonest } };
    },
  }),
];
