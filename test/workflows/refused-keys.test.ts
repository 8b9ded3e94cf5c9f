import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { KeyRefused, klaviyoCalls } from '../../src/activities/klaviyo-calls.js';
import { listRefusedConnections } from '../../src/database/klaviyo/klaviyo-connections.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept } from '../support/operations.js';

const HALF = 'pk_half';
const WHOLE = 'pk_whole';
const MINUTE_MS = 60_000;

describe('a key that lacks one scope', () => {
  let test: TestDatabase;
  let klaviyo: TestKlaviyo;
  before(async () => {
    test = await createTestDatabase();
    const scopes = ['accounts:read', 'profiles:write', 'events:write'];
    klaviyo = await startTestKlaviyo(test, { accounts: [{ apiKey: HALF, scopes }, { apiKey: WHOLE }] });
  });
  after(async () => {
    await klaviyo.simulator.close();
    await test.drop();
  });

  it('stops the tenant with one alarm, which calls that it may make do not end, until another key is set', async () => {
    const tenant = await klaviyo.tenant({ klaviyo: { dataSourceId: 'none' } }, HALF);
    const { tenantId } = tenant;
    const input = { identifiers: [], passType: null, data: {}, updateMetadata: false };
    const operationId = await accept(test, tenant, { kind: 'push-update', input });
    let now = Date.now();
    const deps = { database: test.database, klaviyo: klaviyo.access, now: () => now } as unknown as ActivityDeps;
    const calls = async (step: 'write-back-profile' | 'write-back-object') =>
      klaviyoCalls(deps, { tenantId, operationId, run: 1, step }, (await klaviyo.access.forTenant(tenantId))!);
    const profile = async () =>
      (await calls('write-back-profile'))('profiles', (client) =>
        client.importProfile({ data: { type: 'profile', attributes: { email: 'ada@example.com' } } }),
      );
    let dataSourceId = 'none';
    const object = async () =>
      (await calls('write-back-object'))('records', (client) => client.createRecord(dataSourceId, { id: '1' }));
    const statuses = () => klaviyo.simulator.requests().map(({ status }) => status);
    const alarms = () => klaviyo.logged().filter(({ level }) => Number(level) >= 50).length;

    await profile();
    await assert.rejects(object(), KeyRefused);
    await assert.rejects(profile(), KeyRefused);
    assert.deepEqual([statuses(), alarms()], [[200, 201, 403], 1]);

    now += 16 * MINUTE_MS;
    await assert.rejects(profile(), KeyRefused, 'whether the refusal holds is for the refused kind of call to say');
    await assert.rejects(object(), KeyRefused);
    assert.deepEqual([statuses(), alarms()], [[200, 201, 403, 403], 1]);

    // Nobody comes with the refused kind of call: another operation may go on to it.
    now += 180 * MINUTE_MS;
    await profile();
    await assert.rejects(profile(), KeyRefused);
    assert.deepEqual([statuses(), alarms()], [[200, 201, 403, 403, 200], 1]);
    assert.equal((await listRefusedConnections(test.database.system)).length, 1);

    await klaviyo.setKey(tenantId, WHOLE);
    await profile();
    assert.deepEqual(await listRefusedConnections(test.database.system), []);
    const source = await (await klaviyo.access.forTenant(tenantId))!.client.createDataSource('Wallet passes');
    dataSourceId = source.id;
    await object();
    assert.equal(klaviyo.simulator.records(WHOLE).length, 1);
    assert.equal(alarms(), 1);
  });
});
