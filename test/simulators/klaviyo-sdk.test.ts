import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as sdk from 'klaviyo-api';
import { startKlaviyoSimulator, type KlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';

// The official client judges the simulator: what it reads and writes is what an outsider's program does.
let simulator: KlaviyoSimulator;
const at = <T extends { basePath: string }>(api: T): T => Object.assign(api, { basePath: simulator.url });
const session = (key = 'pk_test') => new sdk.ApiKeySession(key, new sdk.RetryWithExponentialBackoff({ numRetries: 1 }));
const status = (error: unknown) => (error as { response?: { status?: number } }).response?.status;

before(async () => {
  simulator = await startKlaviyoSimulator({ accounts: [{ apiKey: 'pk_test', rateLimits: false }] });
});
after(() => simulator.close());

test('profiles: created, found with subscriptions, patched, and refused on conflict', async () => {
  const api = at(new sdk.ProfilesApi(session()));
  const made = await api.createOrUpdateProfile({
    data: { type: 'profile', attributes: { email: 'Sarah@example.com', properties: { wallet_pass_serial: 'SN-1' } } },
  });
  assert.equal(made.response.status, 201);
  const id = made.body.data.id;
  const again = await api.createOrUpdateProfile({
    data: { type: 'profile', attributes: { email: 'sarah@example.com', phoneNumber: '+33612345678' } },
  });
  assert.equal(again.response.status, 200);
  assert.equal(again.body.data.id, id);

  const found = await api.getProfiles({
    filter: 'equals(email,"sarah@example.com")',
    additionalFieldsProfile: ['subscriptions'],
  });
  assert.equal(found.body.data.length, 1);
  assert.equal(found.body.data[0]!.attributes.phoneNumber, '+33612345678');
  assert.deepEqual(found.body.data[0]!.attributes.properties, { wallet_pass_serial: 'SN-1' });
  assert.equal(found.body.data[0]!.attributes.subscriptions?.email?.marketing?.consent, 'NEVER_SUBSCRIBED');

  const patched = await api.updateProfile(id!, {
    data: { type: 'profile', id: id!, attributes: { externalId: 'E1' } },
  });
  assert.equal(patched.body.data.attributes.externalId, 'E1');
  await assert.rejects(
    api.createProfile({ data: { type: 'profile', attributes: { externalId: 'E1' } } }),
    (error) => status(error) === 409,
  );
  await assert.rejects(api.getProfile('01NOBODY'), (error) => status(error) === 404);
});

test('events: 202 without a body, recorded once per unique id', async () => {
  const api = at(new sdk.EventsApi(session()));
  const event = (uniqueId: string | null, points: number): sdk.EventCreateQueryV2 => ({
    data: {
      type: 'event',
      attributes: {
        uniqueId,
        time: new Date('2026-08-01T09:30:00.400Z'),
        properties: { points },
        metric: { data: { type: 'metric', attributes: { name: 'Pass Updated' } } },
        profile: { data: { type: 'profile', attributes: { email: 'sarah@example.com' } } },
      },
    },
  });
  for (const points of [1, 2])
    assert.equal((await api.createEvent(event('op1:write-back-event', points))).response.status, 202);
  for (const points of [3, 4]) await api.createEvent(event(null, points));
  const points = simulator.events().map(({ properties }) => properties['points']);
  assert.deepEqual(points, [1, 3]);
});

test('custom objects: source, record and account as the SDK expects them', async () => {
  const api = at(new sdk.CustomObjectsApi(session()));
  const source = await api.createDataSource({
    data: {
      type: 'data-source',
      attributes: { title: 'Wallet passes', visibility: 'private', namespace: 'custom-objects' },
    },
  });
  assert.equal(source.response.status, 201);
  const created = await api.createDataSourceRecord({
    data: {
      type: 'data-source-record-create-job',
      attributes: {
        dataSourceRecord: {
          data: { type: 'data-source-record', attributes: { record: { id: 'SN-1', state: 'active' } } },
        },
      },
      relationships: { dataSource: { data: { type: 'data-source', id: source.body.data.id } } },
    },
  });
  assert.equal(created.response.status, 204);
  assert.deepEqual(
    simulator.records().map(({ record }) => record),
    [{ id: 'SN-1', state: 'active' }],
  );
  const accounts = await at(new sdk.AccountsApi(session())).getAccounts();
  assert.equal(accounts.body.data.length, 1);
});

test('a wrong key is 401', async () => {
  await assert.rejects(at(new sdk.AccountsApi(session('pk_other'))).getAccounts(), (error) => status(error) === 401);
});

test('bulk imports: listed by status while they wait, and with their errors when they have ended', async () => {
  let now = Date.now();
  const own = await startKlaviyoSimulator({ accounts: [{ apiKey: 'pk_jobs', rateLimits: false }], clock: () => now });
  try {
    const api = Object.assign(new sdk.ProfilesApi(session('pk_jobs')), { basePath: own.url });
    const send = async (...emails: string[]) => {
      const profiles = { data: emails.map((email) => ({ type: 'profile' as const, attributes: { email } })) };
      const made = await api.bulkImportProfiles({
        data: { type: 'profile-bulk-import-job', attributes: { profiles } },
      });
      now += 10;
      return made.body.data.id;
    };
    const first = await send('a@example.com', 'no-address');
    const second = await send('b@example.com');
    const listed = async (filter: string, sort: '-created_at' | 'created_at' = '-created_at') =>
      (await api.getBulkImportProfilesJobs({ filter, sort, pageSize: 100 })).body.data.map(({ id }) => id);
    const open = 'any(status,["queued","processing"])';
    assert.deepEqual(
      [await listed(open), await listed(open, 'created_at')],
      [
        [second, first],
        [first, second],
      ],
    );
    assert.deepEqual(await listed(`equals(status,'complete')`), []);
    now += 60_000;
    assert.deepEqual(await listed(open), []);
    const { attributes } = (await api.getBulkImportProfilesJob(first)).body.data;
    assert.deepEqual([attributes.status, attributes.totalCount, attributes.failedCount], ['complete', 2, 1]);
    for (const filter of ['equals(state,"queued")', 'any(status,["open"])', 'any(status,"queued")']) {
      await assert.rejects(listed(filter), (error) => status(error) === 400, filter);
    }
  } finally {
    await own.close();
  }
});
