import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { readIngestionLogsActivity } from '../../src/activities/read-ingestion-logs.js';
import { endRecordCheck, noteRecordsWritten } from '../../src/database/klaviyo/record-checks.js';
import { registerDatabaseMetrics } from '../../src/database-metrics.js';
import { startDueRecordChecks } from '../../src/dispatch/record-checks.js';
import { OBJECT_TITLE } from '../../src/klaviyo/set-up.js';
import { WALLET_PASS_PROPERTIES } from '../../src/klaviyo/wallet-pass-record.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { updateOf } from '../support/google.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, ended, until } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';

const KEYS = { refuses: 'pk_refuses', floods: 'pk_floods', lacksScope: 'pk_lacks_scope' };

interface Warning {
  pointer: string;
  code: string;
  message: string;
  record: string;
}

describe('records that Klaviyo takes and refuses afterwards', () => {
  let test: TestDatabase;
  let klaviyo: TestKlaviyo;
  let api: TestApi;
  let engine: TestEngine;
  before(async () => {
    test = await createTestDatabase();
    klaviyo = await startTestKlaviyo(test, {
      accounts: [
        { apiKey: KEYS.refuses },
        { apiKey: KEYS.floods, rateLimits: false },
        {
          apiKey: KEYS.lacksScope,
          scopes: ['profiles:write', 'profiles:read', 'events:write', 'custom-objects:write'],
        },
      ],
    });
    api = await startTestApi({ database: test.database });
    engine = await startEngine(test, { deps: { klaviyo: klaviyo.access } });
  });
  after(async () => {
    await engine.stop();
    await api.close();
    await klaviyo.simulator.close();
    await test.drop();
  });

  const call = (apiKey: string, method: string, path: string, data: object) =>
    fetch(klaviyo.simulator.url + path, {
      method,
      headers: {
        authorization: `Klaviyo-API-Key ${apiKey}`,
        revision: '2026-10-15',
        'content-type': 'application/vnd.api+json',
      },
      body: JSON.stringify({ data }),
    });
  /** The object as somebody makes it by hand who takes the pass type for a number. */
  async function makeWrongObject(tenant: SeededTenant, apiKey: string): Promise<void> {
    const [settings] = await test.owner<{ id: string }>(
      `select settings #>> '{klaviyo,dataSourceId}' as id from tenants where tenant_id = $1`,
      [tenant.tenantId],
    );
    const properties = WALLET_PASS_PROPERTIES.map(({ name, type }, index) => ({
      id: index + 1,
      name,
      type: name === 'pass_type' ? 'float' : type,
    }));
    const mappings = properties.map(({ id, name }) => ({
      ...{ id, type: 'simple' },
      source: { source_id: settings!.id, id_path: "$['id']", data_path: `$['${name}']` },
    }));
    const mapping = { type: 'source-mapping', attributes: { property_mappings: mappings } };
    const schema = { status: 'draft', properties, 'source-mapping': { data: mapping } };
    const attributes = {
      title: OBJECT_TITLE,
      'object-schema': { data: { type: 'object-schema', attributes: schema } },
    };
    const made = await call(apiKey, 'POST', '/api/object-types', { type: 'object-type', attributes });
    const text = await made.text();
    assert.equal(made.status, 201, text);
    const { relationships } = (
      JSON.parse(text) as { data: { relationships: Record<string, { data: { id: string } }> } }
    ).data;
    const id = relationships['draft-schema']!.data.id;
    const published = { type: 'object-schema', id, attributes: { status: 'active' } };
    assert.equal((await call(apiKey, 'PATCH', `/api/object-schemas/${id}`, published)).status, 200);
  }
  const update = async (tenant: SeededTenant, points: number): Promise<string> => {
    const operationId = await accept(test, tenant, updateOf(tenant, { points }));
    assert.equal((await ended(test, tenant.tenantId, operationId)).status, 'succeeded');
    return operationId;
  };
  const makeDue = (tenant: SeededTenant) =>
    test.owner('update klaviyo_record_checks set check_after = now() where tenant_id = $1', [tenant.tenantId]);
  const checkOf = async (tenant: SeededTenant) =>
    (
      await test.owner<{ looks: number; check_after: Date | null; problem: string | null; paused_until: Date | null }>(
        'select * from klaviyo_record_checks where tenant_id = $1',
        [tenant.tenantId],
      )
    )[0]!;
  const warningsOf = async (
    tenant: SeededTenant,
    operationId: string,
    name = 'write-back-object',
  ): Promise<Warning[]> => {
    const response = await api.fetch(`/api/${tenant.tenantId}/operations/${operationId}`, { key: tenant.keys.all });
    type View = { steps: { step: string; detail: { warnings?: Warning[] } }[] };
    const { steps } = (await response.json()) as View;
    return steps.find(({ step }) => step === name)?.detail.warnings ?? [];
  };
  const look = () =>
    startDueRecordChecks({
      ...{ database: test.database, client: engine.client, taskQueue: engine.taskQueue },
      log: pino({ level: 'silent' }),
      afterRefusal: async () => undefined,
    });
  const reads = () => klaviyo.simulator.requests().filter(({ path }) => path.endsWith('/object-ingestion-logs')).length;

  it('shows a refusal in the operation that wrote, by one read for all of them', async () => {
    const tenant = await klaviyo.tenant({ waitForUnknownPassSeconds: 0 }, KEYS.refuses);
    await makeWrongObject(tenant, KEYS.refuses);
    const first = await update(tenant, 21);
    const { check_after } = await checkOf(tenant);
    assert.ok(check_after && check_after.getTime() > Date.now() + 30_000, 'Klaviyo is given a minute');
    assert.deepEqual(await warningsOf(tenant, first), []);
    await makeDue(tenant);
    await look();
    const [warning] = await until(async () => {
      const warnings = await warningsOf(tenant, first);
      return warnings.length > 0 && warnings;
    }, 'the warning');
    assert.deepEqual([warning!.pointer, warning!.code], ['/pass_type', 'klaviyo-record-refused']);
    assert.equal(warning!.record, tenant.pass.serialNumber);
    assert.match(warning!.message, /Input should be a valid number \(float_type\)/);
    await until(async () => (await checkOf(tenant)).check_after!.getTime() > Date.now() + 30_000, 'the look to end');

    const second = await update(tenant, 22);
    await makeDue(tenant);
    await look();
    await until(async () => (await warningsOf(tenant, second)).length > 0, 'the second warning');
    assert.deepEqual(await warningsOf(tenant, first), [warning], 'read again, an entry changes nothing');
    assert.equal(reads(), 2);

    const signIn = await api.fetch(`/ops/${tenant.tenantId}/sign-in`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ key: tenant.keys.all }).toString(),
    });
    const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const page = await api.fetch(`/ops/${tenant.tenantId}/operations/${first}`, { headers: { cookie } });
    assert.match(await page.text(), /Klaviyo refused the record/);
  });

  it('shows a refusal in the backfill that wrote, and in an operation of the pass once one wrote later', async () => {
    // The account of the wrong object.
    const tenant = await klaviyo.tenant({ waitForUnknownPassSeconds: 0 }, KEYS.refuses);
    const backfill = await accept(test, tenant, { kind: 'backfill', input: {} });
    assert.equal((await ended(test, tenant.tenantId, backfill)).status, 'succeeded');
    await makeDue(tenant);
    await look();
    const told = await until(async () => {
      const warnings = await warningsOf(tenant, backfill, 'backfill');
      return warnings.length > 0 && warnings;
    }, 'the warning of the backfill');
    assert.deepEqual(
      told.map(({ pointer, code, record }) => [pointer, code, record]),
      [['/pass_type', 'klaviyo-record-refused', tenant.pass.serialNumber]],
    );
    await until(async () => (await checkOf(tenant)).check_after!.getTime() > Date.now() + 30_000, 'the look to end');

    // What the backfill wrote is told apart from what is written after it.
    const later = await update(tenant, 23);
    await makeDue(tenant);
    await look();
    await until(async () => (await warningsOf(tenant, later)).length > 0, 'the warning of the update');
    assert.deepEqual(await warningsOf(tenant, backfill, 'backfill'), told);
  });

  it('reads a flood of refusals in parts, and comes to rest', async () => {
    const tenant = await klaviyo.tenant({ waitForUnknownPassSeconds: 0 }, KEYS.floods);
    await makeWrongObject(tenant, KEYS.floods);
    const operationId = await update(tenant, 31);
    const [settings] = await test.owner<{ id: string }>(
      `select settings #>> '{klaviyo,dataSourceId}' as id from tenants where tenant_id = $1`,
      [tenant.tenantId],
    );
    const records = Array.from({ length: 320 }, (_, index) => ({
      type: 'data-source-record',
      attributes: { record: { id: `stranger-${index}`, pass_type: 'club' } },
    }));
    const job = {
      type: 'data-source-record-bulk-create-job',
      attributes: { 'data-source-records': { data: records } },
      relationships: { 'data-source': { data: { type: 'data-source', id: settings!.id } } },
    };
    assert.equal((await call(KEYS.floods, 'POST', '/api/data-source-record-bulk-create-jobs', job)).status, 204);
    // A clock on which every call's turn has come.
    let now = Date.now();
    const read = readIngestionLogsActivity({ ...engine.deps, now: () => (now += 10_000) });
    const before = reads();
    const readAll = async (): Promise<number> => {
      let parts = 1;
      while ((await read({ tenantId: tenant.tenantId })).more) assert.ok(++parts < 10, 'it does not come to an end');
      return parts;
    };
    assert.equal(await readAll(), 2);
    assert.equal((await warningsOf(tenant, operationId))[0]?.pointer, '/pass_type', 'the oldest entry was read');
    assert.equal(reads() - before, 7, 'each page is read once');
    // Written long ago: two looks more, then none.
    await test.owner(`update klaviyo_record_checks set written_at = now() - interval '1 hour' where tenant_id = $1`, [
      tenant.tenantId,
    ]);
    for (const left of [240, 1_500]) {
      await readAll();
      const { check_after: next } = await checkOf(tenant);
      assert.ok(
        Math.abs(next!.getTime() - Date.now() - left * 1_000) < 30_000,
        `the next look is at ${next!.toISOString()}, not in ${left} s`,
      );
    }
    await readAll();
    assert.equal((await checkOf(tenant)).check_after, null);
    // As the step does that wrote a record, which would remember for some seconds that it had.
    await noteRecordsWritten(test.database.tenant(tenant.tenantId));
    assert.notEqual((await checkOf(tenant)).check_after, null, 'a new record wakes it');
  });

  it('a key that may not read them says so, and goes on writing', async () => {
    const tenant = await klaviyo.tenant({ waitForUnknownPassSeconds: 0, klaviyo: { dataSourceId: 'x' } }, KEYS.floods);
    const [other] = await test.owner<{ id: string }>(
      `select settings #>> '{klaviyo,dataSourceId}' as id from tenants where tenant_id <> $1
          and settings #>> '{klaviyo,dataSourceId}' is not null order by tenant_id limit 1`,
      [tenant.tenantId],
    );
    assert.ok(other, 'a data source is needed');
    await klaviyo.setKey(tenant.tenantId, KEYS.lacksScope);
    const made = await call(KEYS.lacksScope, 'POST', '/api/data-sources', {
      type: 'data-source',
      attributes: { title: 'By hand', visibility: 'private', namespace: 'custom-objects' },
    });
    const { data } = (await made.json()) as { data: { id: string } };
    await test.owner(
      `update tenants set settings = jsonb_set(settings, '{klaviyo,dataSourceId}', to_jsonb($2::text)) where tenant_id = $1`,
      [tenant.tenantId, data.id],
    );
    await update(tenant, 41);
    const read = readIngestionLogsActivity(engine.deps);
    assert.deepEqual(await read({ tenantId: tenant.tenantId }), { more: false });
    const { problem, paused_until: paused } = await checkOf(tenant);
    assert.match(problem!, /custom-objects:read/);
    assert.ok(paused!.getTime() > Date.now(), 'it is not asked at once again');
    const unread = async () => {
      const registry = new Registry();
      registerDatabaseMetrics(registry, { database: test.database, now: Date.now, freshMs: 0 });
      return (await registry.metrics()).split('\n').filter((line) => /^passrelay_klaviyo_records_unread/.test(line));
    };
    const line = `passrelay_klaviyo_records_unread{tenant="${tenant.tenantId}",code="klaviyo-scope-missing"} 1`;
    assert.deepEqual(await unread(), [line]);
    await makeDue(tenant);
    await look();
    await update(tenant, 42);
    const [refused] = await test.owner(`select * from klaviyo_connections where tenant_id = $1 and state = 'refused'`, [
      tenant.tenantId,
    ]);
    assert.equal(refused, undefined, 'the key counts as refused');

    // A look that succeeds, as with a key that may read.
    await endRecordCheck(test.database.tenant(tenant.tenantId));
    assert.deepEqual(await unread(), []);
  });
});
