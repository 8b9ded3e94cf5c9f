import type { TroubleLine } from '../../pages/operator-home.js';
import { healthReport } from '../health-report.js';
import type { ApiDeps } from '../route.js';

/** What to do about a part that is degraded. */
const CURES: Readonly<Record<string, string>> = {
  temporal: 'Requests are accepted and wait. Bring Temporal back; the backlog goes by itself.',
  workers: 'Start a worker, and look in its log whether it reaches Temporal and PostgreSQL.',
  secrets: 'Restore the SECRETS_KEY that sealed them and restart API and workers. What waits goes on by itself.',
  klaviyo: 'Set another key: passrelay klaviyo set-key. Write-back that waits goes on by itself.',
  certificates: 'Make a new certificate at developer.apple.com for the same pass type identifier and apply the folder.',
};

/** What is wrong now for one tenant: parts that all share, and what is its own. */
export async function listTrouble(deps: ApiDeps, tenantId: string): Promise<TroubleLine[]> {
  const { parts } = await healthReport(deps, await deps.health());
  return Object.entries(parts).flatMap(([name, part]): TroubleLine[] => {
    if (part.state === 'ok') return [];
    const cure = CURES[name] ?? '';
    const own = part.affected.filter((one) => one.tenantId === tenantId);
    if (own.length > 0) {
      return own.map(({ detail }) => ({ tone: / expires in /.test(detail) ? 'note' : 'bad', what: detail, cure }));
    }
    // What affects other tenants only is nobody's business here.
    return part.affected.length === 0 ? [{ tone: 'bad', what: part.detail ?? name, cure }] : [];
  });
}
