import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { pino } from 'pino';
import { createAppleNotifier } from '../../src/worker/apple-notifier.js';
import { startApnsSimulator, type ApnsSimulator } from '../../src/simulators/apns/apns.js';
import { createIphone, type Iphone } from '../../src/simulators/iphone/iphone.js';
import { startAppleService, type AppleService } from '../support/apple-service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended } from '../support/operations.js';
import { rowsOf } from '../support/rows.js';

const PUSH_WINDOW_MS = 10_000;

describe('bursts and order, from acceptance to the phone', () => {
  let test: TestDatabase;
  let service: AppleService;
  let apns: ApnsSimulator;
  let engine: TestEngine;
  let phone: Iphone;
  let closeNotifier: () => Promise<void>;

  before(async () => {
    test = await createTestDatabase();
    await test.owner(`select 1`);
    service = await startAppleService(test);
    // Only the wallet path is on trial here: no Klaviyo, no Google; the push window is the default one.
    await test.owner(
      `update tenants set settings = settings || '{"klaviyo": {"writeBack": false}, "google": {"issuerId": null}, "pushWindowSeconds": 10}' where tenant_id = 'demo'`,
    );
    const { certificates } = service.demo;
    apns = await startApnsSimulator({
      serverCertificatePem: certificates.apnsServer.certificatePem,
      serverKeyPem: certificates.apnsServer.privateKeyPem,
      clientCaPem: certificates.authorityPem,
    });
    const notifier = createAppleNotifier({
      database: test.database,
      secretBox: service.secretBox,
      apnsUrl: apns.url,
      caPem: readFileSync(certificates.authorityFile, 'utf8'),
      now: Date.now,
      log: pino({ level: 'silent' }),
    });
    closeNotifier = () => notifier.close();
    engine = await startEngine(test, { deps: { apple: notifier } });
    phone = createIphone({ apns, caPem: certificates.authorityPem });
    await phone.install(await service.download());
  });
  after(async () => {
    await engine.stop();
    await closeNotifier();
    phone.stop();
    await apns.stop();
    await service.close();
    await test.drop();
  });

  it('a burst of 100 updates makes at most two pushes, and the phone ends at the last one accepted', async () => {
    const { tenantId, pass } = service.demo;
    const operations: string[] = [];
    for (let points = 1; points <= 100; points++) {
      const input = {
        identifiers: [{ kind: 'serialNumber', value: pass.serialNumber }],
        passType: null,
        data: { points: 1000 + points },
        updateMetadata: false,
      };
      operations.push(await accept(test, { tenantId }, { kind: 'push-update', input }));
    }
    const rows = await Promise.all(operations.map((id) => ended(test, tenantId, id)));
    assert.deepEqual([...new Set(rows.map(({ status }) => status))], ['succeeded']);
    assert.ok(['updated', 'superseded'].includes(rows[0]!.outcome ?? ''));
    const [row] = await test.owner<{ points: number }>(
      `select (data -> 'points')::int as points from passes where pass_id = $1`,
      [pass.passId],
    );
    assert.equal(row?.points, 1100);
    // Two for a burst that was worked off within one push window; one more for each further window that a busy machine took.
    const [took] = await test.owner<{ ms: number }>(
      `select extract(epoch from max(created_at) - min(created_at))::float8 * 1000 as ms from pass_revisions where operation_id = any($1)`,
      [operations],
    );
    const most = 1 + Math.max(1, Math.ceil(took!.ms / PUSH_WINDOW_MS));
    assert.ok(apns.pushes.length >= 1 && apns.pushes.length <= most, `${apns.pushes.length} pushes, not ${most}`);
    await phone.waitFor(
      () => phone.updates.at(-1)?.changes.some(({ after: value }) => String(value).includes('1100')) ?? false,
    );
    assert.deepEqual(phone.complaints, []);
    const states = await test.owner<{ state: string; covered: string }>(
      `select state, count(*)::int as n, bool_and((covered_by is not null) = (state = 'covered')) as explained from notifications group by state order by state`,
    );
    assert.ok(
      states.every((state) => (state as unknown as { explained: boolean }).explained),
      JSON.stringify(states),
    );
  });

  it('a change that the provider could not be told of is told once when the provider is back', async () => {
    const { tenantId, pass } = service.demo;
    await test.owner(`delete from push_windows`);
    const before = apns.pushes.length;
    apns.fault({ kind: 'outage', on: true });
    const identifiers = [{ kind: 'email', value: pass.identifiers.email }];
    const id = await accept(
      test,
      { tenantId },
      { kind: 'push-update', input: { identifiers, passType: null, data: { points: 7 }, updateMetadata: false } },
    );
    const retrying = async () =>
      (await rowsOf(test).steps({ operationId: id, step: 'notify-devices' })).some(
        ({ state, attempts }) => state === 'retrying' && attempts >= 2,
      );
    while (!(await retrying())) await new Promise((resolve) => setTimeout(resolve, 50));
    const handle = engine.client.workflow.getHandle(`push-update/${id}`);
    const pending = (await handle.describe()).raw.pendingActivities ?? [];
    assert.deepEqual(
      pending.map(({ activityType }) => activityType?.name),
      ['notify-devices'],
      'the step in trouble is seen in the Temporal UI',
    );
    const status = await rowsOf(test).operation(id, 'status');
    assert.equal(status.status, 'retrying');
    apns.fault({ kind: 'outage', on: false });
    const row = await ended(test, tenantId, id);
    assert.deepEqual([row.status, row.outcome], ['succeeded', 'updated']);
    assert.equal(apns.pushes.length, before + 1);
  });

  it('a token that Apple calls dead is forgotten, and the operation succeeds', async () => {
    const { tenantId, pass } = service.demo;
    await test.owner(`delete from push_windows`);
    apns.unregisterToken(phone.pushToken, Date.now() + 1_000);
    const identifiers = [{ kind: 'serialNumber', value: pass.serialNumber }];
    const id = await accept(
      test,
      { tenantId },
      { kind: 'push-update', input: { identifiers, passType: null, data: { points: 8 }, updateMetadata: false } },
    );
    const row = await ended(test, tenantId, id);
    assert.deepEqual([row.status, row.outcome], ['succeeded', 'updated']);
    const results = await rowsOf(test).notifications({ operationId: id }, 'state', 'reason');
    assert.deepEqual(results, [{ state: 'gone', reason: 'Unregistered' }]);
    const devices = await rowsOf(test).devices({}, 'token_gone_at');
    assert.deepEqual(
      devices.map((device) => device.token_gone_at !== null),
      [true],
    );
  });
});
