import { Client, Connection } from '@temporalio/client';
import type { MerchantEvent } from '../../src/merchants/events.js';
import { shownOnPhone } from './customers.js';
import type { Fields } from './journal.js';
import type { Party, Side } from './party.js';
import type { FullPicture, Picture, SeenEvent, SeenOperation, SeenRevision, Shown } from './picture.js';
import type { Stack } from './stack.js';

/** The fields that the drill changes; everything else is left out of the picture. */
const FIELDS = ['points', 'offer'] as const;

const pick = (valueOf: (field: (typeof FIELDS)[number]) => unknown): Fields =>
  Object.fromEntries(
    FIELDS.flatMap((field) => {
      const value = valueOf(field);
      return value === undefined || value === null ? [] : [[field, String(value)]];
    }),
  );

interface PassRow {
  subject: string;
  serialNumber: string;
  revision: number;
  state: string;
  modifiedAt: Date;
  data: Record<string, unknown>;
  objectId: string | null;
}

async function collectDatabase(
  { query }: Stack,
  { tenant }: Party,
): Promise<Picture['database'] & { rows: PassRow[] }> {
  const { tenantId, pass } = tenant;
  // The demo's own customer is nobody of the drill.
  const ours = [tenantId, pass.passId];
  const rows = await query<PassRow>(
    `select c.email as subject, p.serial_number as "serialNumber", p.revision, p.state,
            greatest(p.modified_at, p.created_at) as "modifiedAt", p.data, g.object_id as "objectId"
       from passes p
       join customers c using (customer_id)
       left join google_objects g on g.pass_id = p.pass_id and g.state = 'live'
      where p.tenant_id = $1 and p.pass_id <> $2`,
    ours,
  );
  const revisions = await query<Omit<SeenRevision, 'changed'> & { changed: Record<string, { to: unknown }> }>(
    `select c.email as subject, r.revision, r.operation_id as "operationId", r.changed
       from pass_revisions r
       join passes p using (pass_id)
       join customers c using (customer_id)
      where r.tenant_id = $1 and r.pass_id <> $2`,
    ours,
  );
  const operations = await query<SeenOperation>(
    `select operation_id as "operationId", kind, status, outcome,
            case when origin in ('klaviyo', 'api') then idempotency_key end as key
       from operations where tenant_id = $1`,
    [tenantId],
  );
  const events = await query<SeenEvent>(
    `select event_id as "eventId", type, operation_id as "operationId" from events where tenant_id = $1`,
    [tenantId],
  );
  return {
    rows,
    operations,
    events,
    passes: rows.map(({ data, modifiedAt, ...row }) => ({
      ...row,
      changedAt: modifiedAt.toISOString(),
      fields: pick((field) => data[field]),
    })),
    revisions: revisions.map((row) => ({ ...row, changed: pick((field) => row.changed[field]?.to) })),
  };
}

async function openRuns({ engine }: Stack): Promise<string[]> {
  const connection = await Connection.connect({ address: engine.address });
  try {
    const open: string[] = [];
    const client = new Client({ connection });
    for await (const { workflowId } of client.workflow.list({ query: 'ExecutionStatus = "Running"' })) {
      open.push(workflowId);
    }
    return open;
  } finally {
    await connection.close();
  }
}

interface LoyaltyObject {
  loyaltyPoints?: { balance?: { string?: string } };
  textModulesData?: { id: string; body: string }[];
}

function shownAtGoogle({ providers }: Stack, rows: readonly PassRow[]): Shown[] {
  return rows.flatMap(({ subject, objectId }) => {
    const object = objectId === null ? undefined : (providers.google.object(objectId) as LoyaltyObject | undefined);
    if (!object) return [];
    const points = object.loyaltyPoints?.balance?.string;
    const offer = object.textModulesData?.find(({ id }) => id === 'offer')?.body;
    return { subject, fields: pick((field) => (field === 'points' ? points : offer)) };
  });
}

/** Records are only ever added; the last one of an id counts. */
function lastRecords({ providers }: Stack): FullPicture['klaviyo']['records'] {
  const byId = new Map(providers.klaviyo.records().map(({ record }) => [record['id'], record]));
  return [...byId.values()].map((record) => ({
    serialNumber: String(record['serial_number']),
    state: String(record['state']),
    changedAt: String(record['updated_at']),
  }));
}

/** Everything as it is now. Phones try again first what failed, as phones do. */
export async function collect(stack: Stack, { party, journal, customers }: Side): Promise<Picture> {
  await Promise.all(customers.map(({ phone }) => phone.retry(1)));
  const { rows, ...database } = await collectDatabase(stack, party);
  const { merchant, hasKlaviyo } = party;
  const { klaviyo } = stack.providers;
  const subjects = new Set(rows.map(({ subject }) => subject));
  return {
    journal: [...journal.lines],
    database,
    temporal: { open: await openRuns(stack) },
    phones: customers.map((customer) => ({ subject: customer.subject, fields: shownOnPhone(customer) })),
    google: hasKlaviyo ? shownAtGoogle(stack, rows) : null,
    klaviyo: !hasKlaviyo
      ? null
      : {
          profiles: klaviyo
            .profiles()
            .map(({ attributes }) => ({
              subject: String(attributes['email']),
              serialNumber: String(attributes.properties['wallet_pass_serial']),
              state: String(attributes.properties['wallet_pass_state']),
            }))
            .filter(({ subject }) => subjects.has(subject)),
          records: lastRecords(stack),
          events: klaviyo.events().map(({ uniqueId, metric }) => ({ uniqueId, metric })),
        },
    merchant: merchant.deliveries
      .filter(({ fault, status }) => fault === undefined && status >= 200 && status < 300)
      .map(({ payload }) => payload as MerchantEvent)
      .map((event) => ({
        eventId: event.id,
        type: event.type,
        operationId: event.data.operationId ?? null,
        content: JSON.stringify(event),
      })),
  };
}
