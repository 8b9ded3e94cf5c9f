import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createActivities, type Activities } from '../../src/activities/index.js';
import { PermanentError } from '../../src/common/errors.js';
import { runRetention } from '../../src/database/bulk/retention.js';
import { findOperation } from '../../src/database/operations/operations.js';
import { retryBatch } from '../../src/database/operations/retries.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { createTestDeps } from '../support/deps.js';
import { accept } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const INPUT = {
  identifiers: [{ kind: 'email', value: 'forget-me@example.com' }],
  passType: null,
  data: { points: 1 },
  updateMetadata: false,
};

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let activities: Activities;

before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db, { retention: { operationDays: 10, deviceLogDays: 5 } });
  activities = createActivities(createTestDeps(db));
});
after(async () => {
  await api.close();
  await db.drop();
});

/** An operation of twelve days ago. */
async function old(
  status: string,
  outcome: string | null = null,
  kind: 'push-update' | 'profile-sync' = 'push-update',
) {
  const operationId = await accept(db, tenant, { kind, input: INPUT });
  await db.owner(
    `update operations set accepted_at = now() - interval '12 days', status = $2, outcome = $3 where operation_id = $1`,
    [operationId, status, outcome],
  );
  return operationId;
}
const end = (operationId: string) =>
  db.owner(`update operations set status = 'failed', outcome = 'gave-up' where operation_id = $1`, [operationId]);
const contents = async (operationId: string) =>
  (await findOperation(db.database.tenant(tenant.tenantId), operationId))!.input;

test('what was unfinished when retention came by is emptied once it has ended', async () => {
  const before = await old('succeeded', 'updated');
  const unfinished = await old('retrying');
  const behind = await old('succeeded', 'updated');
  await runRetention(db.database);
  assert.deepEqual(await contents(before), {});
  assert.deepEqual(await contents(unfinished), INPUT, 'work in progress keeps what it needs');
  assert.deepEqual(await contents(behind), {}, 'one that hangs holds up nobody else');
  await runRetention(db.database);
  assert.deepEqual(await contents(unfinished), INPUT);
  await end(unfinished);
  await runRetention(db.database);
  assert.deepEqual(await contents(unfinished), {});
});

test('retention takes nothing from an operation that a retry has started while it looked', async () => {
  const operationId = await old('failed', 'gave-up');
  let swept: Promise<unknown> | undefined;
  await db.database.tenant(tenant.tenantId).transaction(async (other) => {
    await other.query(
      `update operations set status = 'accepted', outcome = null where operation_id = '${operationId}'`,
    );
    swept = runRetention(db.database);
    const waits = async () =>
      (await db.owner(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%retention_due%'`))
        .length > 0;
    for (let tries = 0; tries < 400 && !(await waits()); tries++) await new Promise((go) => setTimeout(go, 25));
  });
  await swept;
  assert.deepEqual(await contents(operationId), INPUT);
  await end(operationId);
  await runRetention(db.database);
  assert.deepEqual(await contents(operationId), {});
});

test('an emptied operation answers 409 to a retry, and a retry of all passes over it', async () => {
  const operationId = await old('succeeded', 'pass-not-found');
  await runRetention(db.database);
  const path = `/api/${tenant.tenantId}/operations/${operationId}/retry`;
  const response = await api.fetch(path, { method: 'POST', key: tenant.keys.all });
  assert.equal(response.status, 409);
  assert.match(((await response.json()) as { detail: string }).detail, /emptied.*send the request again/is);

  const bulk = await accept(db, tenant, {
    kind: 'retry-operations',
    input: { filter: { outcome: 'pass-not-found' }, perSecond: 100 },
  });
  await retryBatch(db.database.tenant(tenant.tenantId), { tenantId: tenant.tenantId, operationId: bulk, run: 1 }, 1);
  const row = await rowsOf(db).operation(operationId, 'status', 'run');
  assert.deepEqual(row, { status: 'succeeded', run: 1 });
});

test('a step that meets an emptied operation fails for good', async () => {
  const { tenantId, customerId, pass } = tenant;
  for (const [kind, steps] of [
    ['push-update', ['find-pass', 'convert-type', 'apply-data']],
    ['profile-sync', ['find-customer', 'update-customer', 'update-passes']],
    ['device-event', ['record-device-event']],
  ] as const) {
    const operationId = await accept(db, tenant, { kind, input: {} });
    for (const step of steps) {
      const run = activities[step] as (input: object) => Promise<unknown>;
      await assert.rejects(
        run({ tenantId, operationId, run: 1, customerId, passId: pass.id }),
        (error: unknown) => error instanceof PermanentError && error.code === 'operation-forgotten',
        `${step} of ${kind}`,
      );
    }
  }
});
