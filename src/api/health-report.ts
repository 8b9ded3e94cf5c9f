import type { Database } from '../database/connect.js';
import { listRefusedConnections } from '../database/klaviyo/klaviyo-connections.js';
import { listLongestWaits } from '../database/operations/waiting-operations.js';
import { findSchemaState } from '../database/schema-state.js';
import type { SecretBox } from '../database/secret-box.js';
import { daysUntil, listCertificateExpiries } from '../database/tenants/certificates.js';
import { describeUnreadable, listUnreadableSecrets } from '../database/unreadable-secrets.js';
import type { PartHealth } from './route.js';

/** Apple takes up to a day to issue a certificate, and people take longer to ask for it. */
const CERTIFICATE_WARNING_DAYS = 30;
/** A worker takes what was accepted within a second. */
const WAITING_TOO_LONG_SECONDS = 60;

/** Whom a degraded part affects, for those who may know. */
export interface Affected {
  tenantId: string;
  passTypeIdentifier?: string;
  detail: string;
}

export interface PartReport extends PartHealth {
  affected: Affected[];
}

export interface HealthReport {
  parts: Record<string, PartReport>;
  certificates: { active: number; soonestExpiryDays: number | null };
}

const ok: PartReport = { state: 'ok', affected: [] };
const degraded = (detail: string, affected: Affected[] = []): PartReport => ({ state: 'degraded', detail, affected });

/** Name, seconds, and up to how many seconds a person counts in it. */
const UNITS: readonly (readonly [name: string, seconds: number, below: number])[] = [
  ['second', 1, 120],
  ['minute', 60, 7_200],
  ['hour', 3_600, 172_800],
  ['day', 86_400, Infinity],
];

/** "3 minutes", "2 hours", "5 days": what a person says of an age. */
export function inWordsOfTime(seconds: number): string {
  const [unit, length] = UNITS.find(([, , below]) => seconds < below)!;
  const count = Math.floor(seconds / length);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/**
 * What is wrong now, part by part: the details name no tenant, `affected` does. Throws where PostgreSQL cannot be asked;
 * a schema that does not fit this version is the only part then, because nothing else can be read.
 */
export async function healthReport(
  deps: { database: Pick<Database, 'system'>; secretBox: SecretBox; now: () => number },
  others: Record<string, PartHealth> = {},
): Promise<HealthReport> {
  const { system } = deps.database;
  const schema = await findSchemaState(system);
  if (schema.cure !== null) {
    return { parts: { schema: degraded(schema.cure) }, certificates: { active: 0, soonestExpiryDays: null } };
  }
  const [expiries, refused, waits, unreadable] = await Promise.all([
    listCertificateExpiries(system),
    listRefusedConnections(system),
    listLongestWaits(system, WAITING_TOO_LONG_SECONDS),
    listUnreadableSecrets(system, deps.secretBox),
  ]);
  const fromElsewhere = Object.entries(others).map(([name, part]) => [name, { ...part, affected: [] }] as const);
  const parts: Record<string, PartReport> = {
    postgresql: ok,
    schema: ok,
    workers: ok,
    ...Object.fromEntries(fromElsewhere),
  };

  const [longest] = waits;
  if (longest) {
    parts['workers'] = degraded(
      `The oldest request has waited for a worker for ${inWordsOfTime(longest.waitingSeconds)}: is a worker running, and does it reach Temporal?`,
      waits.map(({ tenantId, waitingSeconds }) => ({
        tenantId,
        detail: `its oldest request has waited for ${inWordsOfTime(waitingSeconds)}`,
      })),
    );
  }
  const broken = describeUnreadable(unreadable);
  parts['secrets'] =
    broken === null
      ? ok
      : degraded(
          broken,
          unreadable.map(({ tenantId, keyId }) => ({ tenantId, detail: `its secrets need the key "${keyId}"` })),
        );
  parts['klaviyo'] =
    refused.length === 0
      ? ok
      : degraded(
          `Klaviyo refuses the key of ${refused.length} tenant(s); their write-back waits`,
          refused.map((row) => ({
            tenantId: row.tenant_id,
            detail: `Klaviyo refuses its key since ${row.since.toISOString().slice(0, 16)}Z: ${row.reason}`,
          })),
        );
  const days = expiries.map(({ notAfter }) => daysUntil(notAfter, deps.now()));
  parts['certificates'] = certificatePart(expiries, deps.now());
  return {
    parts,
    certificates: { active: days.length, soonestExpiryDays: days.length > 0 ? Math.min(...days) : null },
  };
}

type Expiries = Awaited<ReturnType<typeof listCertificateExpiries>>;

function certificatePart(expiries: Expiries, now: number): PartReport {
  const ending = expiries.filter(({ notAfter }) => daysUntil(notAfter, now) < CERTIFICATE_WARNING_DAYS);
  const [first] = ending;
  if (!first) return ok;
  const describe = (name: string, { notAfter }: Expiries[number]): string => {
    const day = notAfter.toISOString().slice(0, 10);
    const left = daysUntil(notAfter, now);
    return left < 0
      ? `${name} expired on ${day}: passes cannot be signed or updated`
      : `${name} expires in ${left} ${left === 1 ? 'day' : 'days'}, on ${day}`;
  };
  return degraded(
    describe('a certificate', first),
    ending.map((one) => ({
      tenantId: one.tenantId,
      passTypeIdentifier: one.passTypeIdentifier,
      detail: describe(`the certificate of ${one.passTypeIdentifier} (${one.tenantId})`, one),
    })),
  );
}
