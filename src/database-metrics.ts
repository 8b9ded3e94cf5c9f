import { Gauge, type Registry } from 'prom-client';
import { daysUntil, listCertificateExpiries } from './database/tenants/certificates.js';
import { readBurstFigures } from './database/bursts/burst-figures.js';
import type { Database } from './database/connect.js';
import { listRefusedConnections } from './database/klaviyo/klaviyo-connections.js';
import { listPausedRecordChecks } from './database/klaviyo/record-checks.js';
import { countUnfinishedOperations } from './database/operations/unfinished-operations.js';
import { UNFINISHED_STATUSES } from './passes/operation.js';

/** Several scrapers at once cost one look. */
const FRESH_MS = 3_000;
/** A look that takes long, over a great backlog, is worth its time: it loads the database a tenth of the time at most. */
const REST_PER_LOOK = 9;

async function look(database: Database) {
  const { system } = database;
  const [unfinished, certificates, refused, unread, bursts] = await Promise.all([
    countUnfinishedOperations(system),
    listCertificateExpiries(system),
    listRefusedConnections(system),
    listPausedRecordChecks(system),
    readBurstFigures(system),
  ]);
  return { unfinished, certificates, refused: refused.length, unread, bursts };
}
type Figures = Awaited<ReturnType<typeof look>>;

/**
 * Gauges read from PostgreSQL when somebody scrapes. While it is away they are absent instead of stale, and
 * passrelay_database_up is 0.
 */
export function registerDatabaseMetrics(
  registry: Registry,
  deps: { database: Database; now: () => number; freshMs?: number },
): void {
  const { now, freshMs = FRESH_MS } = deps;
  let kept: { until: number; figures: Promise<Figures | null> } | null = null;
  const current = (): Promise<Figures | null> => {
    if (kept && now() < kept.until) return kept.figures;
    const startedAt = now();
    // Figures that cannot be read are left out; the scrape goes on, and says so by `passrelay_database_up`.
    const entry = { until: Infinity, figures: look(deps.database).catch(() => null) };
    void entry.figures.then(() => (entry.until = now() + Math.max(freshMs, (now() - startedAt) * REST_PER_LOOK)));
    kept = entry;
    return entry.figures;
  };
  function gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    fill: (gauge: Gauge<L>, figures: Figures) => void,
  ): void {
    new Gauge<L>({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const figures = await current();
        this.reset();
        if (figures) fill(this, figures);
        // On reset a gauge without labels gets the value 0, which would read as "all is well".
        else if (labelNames.length === 0) this.remove();
      },
    });
  }

  gauge(
    'passrelay_operations',
    'Operations that have not ended, by status; without those of test keys.',
    ['status'],
    (one, { unfinished }) => {
      for (const status of UNFINISHED_STATUSES) {
        one.set({ status }, unfinished.find((row) => row.status === status)?.count ?? 0);
      }
    },
  );
  gauge(
    'passrelay_operations_oldest_undispatched_seconds',
    'Age of the oldest operation that waits for a worker; 0 where none waits.',
    [],
    (one, { unfinished }) => one.set(unfinished.find(({ status }) => status === 'accepted')?.oldestSeconds ?? 0),
  );
  gauge(
    'passrelay_operations_oldest_unfinished_seconds',
    'Age of the oldest operation that has not ended; 0 where all have.',
    [],
    (one, { unfinished }) => one.set(Math.max(0, ...unfinished.map(({ oldestSeconds }) => oldestSeconds))),
  );
  gauge('passrelay_bursts_running', 'Bursts that have not ended.', [], (one, { bursts }) => one.set(bursts.running));
  gauge(
    'passrelay_burst_size',
    'Operations of a burst, on average over the last minute; 0 where none was formed.',
    [],
    (one, { bursts }) => one.set(bursts.size),
  );
  gauge(
    'passrelay_burst_operations_per_second',
    'Operations whose phones were notified in bursts, over the last minute.',
    [],
    (one, { bursts }) => one.set(bursts.perSecond),
  );
  gauge(
    'passrelay_backlog_seconds',
    'When what waits for a worker will have begun, at the pace of the bursts of the last minute; 0 without a pace.',
    [],
    (one, { bursts, unfinished }) => {
      const waiting = unfinished.find(({ status }) => status === 'accepted')?.count ?? 0;
      one.set(bursts.perSecond > 0 ? waiting / bursts.perSecond : 0);
    },
  );
  gauge(
    'passrelay_certificate_days_left',
    'Whole days until the newest Pass Type ID certificate, or its intermediate, expires; negative once it has.',
    ['tenant', 'pass_type_identifier'],
    (one, { certificates }) => {
      for (const { tenantId, passTypeIdentifier, notAfter } of certificates) {
        const days = daysUntil(notAfter, now());
        one.set({ tenant: tenantId, pass_type_identifier: passTypeIdentifier }, days);
      }
    },
  );
  gauge('passrelay_klaviyo_keys_refused', 'Tenants whose key Klaviyo refuses.', [], (one, { refused }) =>
    one.set(refused),
  );
  gauge(
    'passrelay_klaviyo_records_unread',
    '1 for each tenant whose refused records cannot be read back from Klaviyo, with the code of the reason.',
    ['tenant', 'code'],
    (one, { unread }) => {
      for (const { tenantId, problem } of unread) one.set({ tenant: tenantId, code: problem.split(':')[0]! }, 1);
    },
  );
  new Gauge({
    name: 'passrelay_database_up',
    help: 'Whether PostgreSQL answered the last look for these gauges.',
    registers: [registry],
    async collect() {
      this.set((await current()) ? 1 : 0);
    },
  });
}
