import type { TroubleLine } from '../../pages/operator-home.js';
import { listRetryReasons, RETRYING_COUNTED_MOST } from '../../database/operations/operator.js';
import { healthReport } from '../health-report.js';
import type { ApiDeps } from '../route.js';

/** What to do about a part that is degraded. */
const CURES: Readonly<Record<string, string>> = {
  temporal: 'Requests are accepted and wait. Bring Temporal back; the backlog clears by itself.',
  workers: 'Start a worker, and look in its log whether it reaches Temporal and PostgreSQL.',
  secrets: 'Restore the SECRETS_KEY that sealed them and restart API and workers. What waits goes on by itself.',
  klaviyo: 'Set another key: passrelay klaviyo set-key. Write-back that waits goes on by itself.',
  certificates: 'Make a new certificate at developer.apple.com for the same pass type identifier and apply the folder.',
};

/** Requests of a moment are tried again all the time; those that have waited for so long are worth a look. */
const SOON_MS = 10_000;

function requestsAre(count: number): string {
  if (count === 1) return 'one request is';
  return `${count === RETRYING_COUNTED_MOST ? `${count.toLocaleString('en')} or more` : count} requests are`;
}

async function listRetrying(deps: ApiDeps, tenantId: string): Promise<TroubleLine[]> {
  const reasons = await listRetryReasons(deps.database.tenant(tenantId));
  return reasons
    .filter(({ oldest }) => deps.now() - oldest.getTime() > SOON_MS)
    .map(({ code, count, oldest }) => ({
      tone: 'bad',
      what: `${requestsAre(count)} being tried again: ${code}, since ${oldest.toISOString().slice(0, 19)}Z`,
      cure: 'Each goes on by itself once its cause is gone. The status "retrying" below lists them with their reasons; docs/operations.md has the cure of each.',
    }));
}

/** What is wrong now for one tenant: parts that all share, what is its own, and what is being tried again. */
export async function listTrouble(deps: ApiDeps, tenantId: string): Promise<TroubleLine[]> {
  const [{ parts }, retrying] = await Promise.all([
    deps.health().then((health) => healthReport(deps, health)),
    listRetrying(deps, tenantId),
  ]);
  const troubles = Object.entries(parts).flatMap(([name, part]): TroubleLine[] => {
    if (part.state === 'ok') return [];
    const cure = CURES[name] ?? '';
    const own = part.affected.filter((one) => one.tenantId === tenantId);
    if (own.length > 0) {
      return own.map(({ detail }) => ({ tone: / expires in /.test(detail) ? 'note' : 'bad', what: detail, cure }));
    }
    // Faults that affect only other tenants are not shown here.
    return part.affected.length === 0 ? [{ tone: 'bad', what: part.detail ?? name, cure }] : [];
  });
  return [...troubles, ...retrying];
}
