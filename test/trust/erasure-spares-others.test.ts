import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { createActivities, type Activities } from '../../src/activities/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { accept } from '../support/operations.js';
import { tenantTables } from '../support/sample-rows.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let tenant: SeededTenant;
let activities: Activities;

before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  activities = createActivities(createTestDeps(db));
});
after(() => db.drop());

/** One person with rows in every place that knows persons. */
interface Person {
  customerId: string;
  /** Row ids that are this person's alone. */
  ids: string[];
  /** Every text that names them, and a mark that stands in their free texts. */
  names: string[];
  mark: string;
  underWay: string[];
}

type Row = Record<string, unknown>;

/** Rows to insert, by table and by the columns that they bring. */
class Rows {
  private readonly groups = new Map<string, { table: string; names: string[]; rows: Row[] }>();

  add(table: string, row: Row): void {
    const names = Object.keys(row);
    const key = [table, ...names].join();
    const group = this.groups.get(key) ?? { table, names, rows: [] };
    group.rows.push(row);
    this.groups.set(key, group);
  }

  async insert(): Promise<void> {
    const pointing = ['operation_steps', 'apple_registrations'];
    const inOrder = [...this.groups.values()].sort((a, b) => pointing.indexOf(a.table) - pointing.indexOf(b.table));
    for (const { table, names, rows } of inOrder) {
      await db.owner(
        `insert into ${table} (${names.join()}) select ${names.join()} from jsonb_populate_recordset(null::${table}, $1)`,
        [JSON.stringify(rows)],
      );
    }
  }
}

/** A person whose every identifier is made of `id`. */
function addPerson(rows: Rows, id: string, sharedDevice: string | null): Person {
  const insert = (table: string, row: Row): void => rows.add(table, row);
  const { tenantId } = tenant;
  const customerId = randomUUID();
  const passId = randomUUID();
  const mark = `mark-${randomUUID()}`;
  const kinds = {
    customerId: id,
    email: `${id}@ex.com`.toLowerCase(),
    phone: `+1${id.replaceAll('a', '55')}`,
    card: `c${id}`,
  };
  const [serialNumber, klaviyoProfileId] = [`S${id}`, `K${id}`];
  insert('customers', {
    customer_id: customerId,
    tenant_id: tenantId,
    email: kinds.email,
    phone: kinds.phone,
    external_customer_id: id,
    klaviyo_profile_id: klaviyoProfileId,
    first_name: mark,
  });
  for (const [kind, value] of Object.entries(kinds)) {
    insert('customer_identifiers', { tenant_id: tenantId, kind, value, customer_id: customerId });
  }
  insert('passes', {
    pass_id: passId,
    tenant_id: tenantId,
    customer_id: customerId,
    serial_number: serialNumber,
    external_id: `X${id}`,
    pass_type_id: tenant.passTypes.basic,
    pass_type_version: 1,
    data: { note: mark },
  });
  const deviceId = sharedDevice ?? randomUUID();
  if (sharedDevice === null) {
    insert('apple_devices', {
      device_id: deviceId,
      tenant_id: tenantId,
      device_library_identifier: `D${randomUUID()}`,
      push_token: mark,
      token_gone_at: new Date().toISOString(),
    });
  }
  insert('apple_registrations', {
    tenant_id: tenantId,
    device_id: deviceId,
    pass_id: passId,
    apple_pass_type_identifier: 'p',
  });
  insert('device_log', {
    tenant_id: tenantId,
    device_id: deviceId,
    pass_id: passId,
    message: `${mark} of ${serialNumber}`,
  });

  const ids = [customerId, passId, ...(sharedDevice === null ? [deviceId] : [])];
  const request = (
    input: object,
    row: { reached?: boolean; status?: string; key?: string | null; kind?: string } = {},
  ): string => {
    const operationId = randomUUID();
    ids.push(operationId);
    const { reached = false, status = 'succeeded', key = null, kind = 'push-update' } = row;
    insert('operations', {
      operation_id: operationId,
      tenant_id: tenantId,
      kind,
      input,
      repairs: [{ type: 'x' }],
      response: { said: id },
      reason: `about ${mark}`,
      status,
      outcome: status === 'succeeded' ? 'pass-not-found' : null,
      idempotency_key: key,
      ...(reached && { customer_id: customerId, pass_id: passId }),
    });
    insert('operation_steps', {
      tenant_id: tenantId,
      operation_id: operationId,
      step: 'find-pass',
      state: 'succeeded',
      detail: { note: mark },
    });
    if (status === 'succeeded') {
      insert('events', {
        event_id: randomUUID(),
        tenant_id: tenantId,
        type: 'operation.failed',
        operation_id: operationId,
        payload: { operation: operationId, note: mark },
        ...(reached && { customer_id: customerId, pass_id: passId }),
      });
    }
    return operationId;
  };
  const one = (kind: string, value: string, more: object = {}) => ({
    identifiers: [{ kind, value }],
    data: { message: mark, points: id },
    ...more,
  });
  request(one('email', kinds.email), { reached: true, key: id });
  request({
    identifiers: [
      { kind: 'customerId', value: id },
      { kind: 'externalId', value: 'nope' },
    ],
    data: { mark },
  });
  request(one('card', kinds.card), { key: `card/${kinds.card}` });
  request(one('serialNumber', serialNumber));
  request(one('externalId', `X${id}`));
  request(
    { identifiers: [], klaviyoProfileId, attributes: { first_name: mark }, properties: {}, consent: null },
    { kind: 'profile-sync' },
  );
  request({ identifiers: [{ kind: 'card', value: 'nobody' }] }, { key: `update of ${kinds.email}, now` });
  request({ passId }, { kind: 'void-pass' });
  const underWay = [
    request(one('phone', kinds.phone), { status: 'retrying' }),
    request(one('customerId', id), { status: 'running', reached: true }),
  ];
  return {
    customerId,
    ids,
    names: [...Object.values(kinds), serialNumber, klaviyoProfileId, `X${id}`],
    mark,
    underWay,
  };
}

/** Every row of every table with a tenant, as text; the tag counter moves with each change of a pass. */
async function snapshot(): Promise<Map<string, { row: string; json: unknown }[]>> {
  const tables = new Map<string, { row: string; json: unknown }[]>();
  for (const table of await tenantTables(db)) {
    if (table === 'update_tags') continue;
    tables.set(
      table,
      await db.owner<{ row: string; json: unknown }>(`select t::text as row, to_jsonb(t) as json from ${table} t`),
    );
  }
  return tables;
}

const leaves = (value: unknown): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => [key, ...leaves(inner)])
    : typeof value === 'string'
      ? [value]
      : [];

/** Erases as the workflow does; what is under way is ended when it is waited for, as its cancellation would. */
async function erase(person: Person): Promise<string> {
  const { tenantId } = tenant;
  const operationId = await accept(db, tenant, { kind: 'erase-customer', input: { customerId: person.customerId } });
  const ref = { tenantId, operationId, run: 1 };
  const finish = async () => {
    let walk: Parameters<Activities['redact-operations']>[0] = { ...ref, below: null, redacted: 0 };
    do walk = { ...ref, ...(await activities['redact-operations'](walk)) };
    while (walk.below !== null);
    return activities['erase-customer']({ ...ref, waitForDevices: true, unfinished: walk.unfinished ?? 0 });
  };
  await activities['void-passes'](ref);
  await activities['clear-profile'](ref);
  assert.equal((await finish()).erased, false, 'work under way is emptied');
  const open = await db.owner<{ input: object }>('select input from operations where operation_id = any($1::uuid[])', [
    person.underWay,
  ]);
  for (const { input } of open) assert.notDeepEqual(input, {}, 'work under way is emptied');
  await db.owner(`update operations set status = 'cancelled' where operation_id = any($1::uuid[])`, [person.underWay]);
  assert.equal((await finish()).erased, true);
  await db.owner(`update operations set status = 'succeeded' where operation_id = $1`, [operationId]);
  return operationId;
}

/** Ids that are parts of each other: longer, shorter, doubled, and short ones that stand in everything. */
const families = fc
  .tuple(fc.stringMatching(/^[1-9][0-9]{3,6}$/), fc.constantFrom('0', '7', 'a'))
  .map(([base, more]) => [
    ...new Set([base, base + more, `1${base}`, base.slice(0, -1), base.slice(1), base + base, base.slice(0, 2)]),
  ]);

test('erasing one of several persons whose ids are parts of each other takes all of that one and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(families, fc.nat(), async (family, choice) => {
      await db.owner(
        `delete from operations; delete from events; delete from device_log; delete from passes; delete from customers; delete from apple_devices`,
      );
      const persons: Person[] = [];
      const rows = new Rows();
      for (const id of family) {
        // The first two hold their passes on one phone, which is the first one's row.
        persons.push(addPerson(rows, id, persons.length === 1 ? persons[0]!.ids[2]! : null));
      }
      persons[0]!.ids.splice(2, 1);
      await rows.insert();
      const person = persons[choice % persons.length]!;
      const earlier = await snapshot();
      const erasure = await erase(person);
      const later = await snapshot();

      const own = [...person.ids, erasure];
      for (const [table, rows] of earlier) {
        const kept = new Set(later.get(table)!.map(({ row }) => row));
        for (const { row } of rows) {
          if (!own.some((id) => row.includes(id))) assert.ok(kept.has(row), `${table} lost or changed ${row}`);
        }
      }
      const sought = new Set(person.names);
      for (const [table, rows] of later) {
        for (const { json } of rows) {
          for (const leaf of leaves(json)) {
            const found =
              sought.has(leaf) ||
              leaf.includes(person.mark) ||
              leaf.split(/[ ,]/).some((word) => word.includes('@') && sought.has(word));
            // The shared phone's token is the first one's mark.
            const shared = table === 'apple_devices' && persons.indexOf(person) === 0;
            assert.ok(!found || shared, `${table} still says ${leaf}`);
          }
        }
      }
    }),
    { numRuns: 5 },
  );
});
