import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createKlaviyoClient, profileFilter, type KlaviyoClient } from '../../src/klaviyo/client.js';
import { retryAfterMs } from '../../src/common/retry-after.js';
import { setUpCustomObject } from '../../src/klaviyo/set-up.js';
import { walletPassRecord } from '../../src/klaviyo/wallet-pass-record.js';
import {
  eventBody,
  identifierBodies,
  profileBody,
  clearedProfileBody,
  type WrittenPass,
  type WrittenRecipient,
} from '../../src/klaviyo/write-back.js';
import { PermanentError, TransientError } from '../../src/common/errors.js';
import { startKlaviyoSimulator, type Fault, type KlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';

const KEY = 'pk_secret0123456789';
let simulator: KlaviyoSimulator;
let client: KlaviyoClient;
before(async () => {
  simulator = await startKlaviyoSimulator({ accounts: [{ apiKey: KEY, rateLimits: false }] });
});
beforeEach(() => {
  simulator.clearFaults();
  client = createKlaviyoClient({ apiUrl: `${simulator.url}/`, apiKey: KEY, timeoutMs: 2000 });
});
after(() => simulator.close());

const pass: WrittenPass = {
  serialNumber: 'SN-1',
  passType: 'premium',
  state: 'active',
  platforms: { Apple: 'installed', Google: 'not-installed' },
  landingUrl: 'https://wallet.example/p/SN-1',
  downloadUrl: 'https://wallet.example/p/SN-1/pass.pkpass',
  authenticationToken: 'token-1',
  createdAt: '2026-08-01T09:30:00.000Z',
  installedAt: '2026-08-01T09:31:00.000Z',
  updatedAt: null,
  uninstalledAt: null,
};
const recipient: WrittenRecipient = {
  profileId: null,
  email: 'sarah@example.com',
  phone: '+33612345678',
  externalId: 'C-1',
};
const context = { operationId: 'op1', step: 'write-back-event', time: '2026-08-01T09:30:00Z' };

async function failure(run: Promise<unknown>): Promise<PermanentError | TransientError> {
  const error = await run.then(
    () => assert.fail('no error'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PermanentError || error instanceof TransientError, String(error));
  const everything = JSON.stringify({ ...error, message: error.message, stack: error.stack, cause: error.cause });
  for (const secret of [KEY, 'sarah@example.com', '+33612345678', 'token-1'])
    assert.ok(!everything.includes(secret), secret);
  return error;
}

test('write-back: profile by one identifier, then the others, then record and event, all accepted', async () => {
  const { profile, created } = await client.importProfile(profileBody(pass, recipient));
  assert.equal(created, true);
  const known = { id: profile.id, email: 'sarah@example.com', phone_number: null, external_id: null };
  for (const body of identifierBodies(known, pass, recipient, 'serial')) await client.patchProfile(profile.id, body);
  const stored = await client.getProfile(profile.id);
  assert.deepEqual(stored.attributes['properties'], {
    wallet_pass_url: 'https://wallet.example/p/SN-1',
    wallet_pass_serial: 'SN-1',
    wallet_pass_state: 'active',
    'neostore.authenticationToken': 'token-1',
    'neostore.wallet.premium.Apple': 'installed',
    'neostore.wallet.premium.Google': 'not-installed',
  });
  assert.deepEqual([stored.attributes['phone_number'], stored.attributes['external_id']], ['+33612345678', 'SN-1']);
  assert.ok(stored.attributes['subscriptions']);

  const withId = { ...recipient, profileId: profile.id };
  await client.createEvent(eventBody('Pass Created', pass, withId, context));
  await client.createEvent(eventBody('Pass Created', pass, recipient, context));
  const [event, ...more] = simulator.events();
  assert.deepEqual(more, []);
  assert.deepEqual([event!.uniqueId, event!.profileId, event!.backfill], ['op1:write-back-event', profile.id, false]);
  assert.equal(event!.properties['pass_url'], pass.landingUrl);

  await client.createEvents([
    eventBody('Pass Installed', pass, recipient, { ...context, backfill: true, platform: 'Apple', reinstalled: false }),
    eventBody('Pass Created', pass, recipient, context),
  ]);
  assert.deepEqual(
    simulator
      .events()
      .slice(1)
      .map(({ metric, backfill, properties }) => [metric, backfill, properties['platform']]),
    [['Pass Installed', true, 'apple']],
  );

  const { profile: cleared } = await client.patchProfile(profile.id, clearedProfileBody(profile.id, ['premium']));
  assert.deepEqual(cleared.attributes['properties'], {});
});

test('identifiers that the profile has are never overwritten, and external_id is left alone by rule', () => {
  const known = { id: 'P', email: 'other@x.org', phone_number: null, external_id: 'shop-1' };
  assert.deepEqual(identifierBodies(known, pass, recipient, 'serial'), [
    { data: { type: 'profile', id: 'P', attributes: { phone_number: '+33612345678' } } },
  ]);
  assert.equal(identifierBodies({ ...known, external_id: null }, pass, recipient, 'keep').length, 1);
});

test('custom objects: set up, written one by one and in bulk, and read back through the mapping', async () => {
  const source = await client.createDataSource('Wallet passes');
  assert.deepEqual(
    (await client.listDataSources()).map(({ id }) => id),
    [source.id],
  );
  const type = await client.createWalletPassType(source.id);
  const schema = await client.getDraftSchema(type.id);
  await client.relateToProfiles(schema.id);
  const mapping = await client.getSourceMapping(schema.id);
  const [relationship] = await client.listProfileRelationships(schema.id);
  await client.mapRelationship(mapping.id, relationship!.id, source.id);
  await client.createRecord(source.id, walletPassRecord(pass, recipient));
  assert.equal((await failure(client.getObjectRecord(type.id, 'SN-1'))).code, 'klaviyo-not-found');
  await client.activateSchema(schema.id);
  await client.createRecords(source.id, [
    walletPassRecord({ ...pass, state: 'voided' }, recipient),
    walletPassRecord({ ...pass, serialNumber: 'SN-2' }, recipient),
  ]);
  const { attributes } = await client.getObjectRecord(type.id, 'SN-1');
  assert.deepEqual(attributes['properties'], {
    serial_number: 'SN-1',
    pass_type: 'premium',
    state: 'voided',
    platform: 'apple',
    apple_state: 'installed',
    google_state: 'not-installed',
    pass_url: pass.landingUrl,
    download_url: pass.downloadUrl,
    created_at: pass.createdAt,
    installed_at: pass.installedAt,
    updated_at: null,
    uninstalled_at: null,
    external_id: 'C-1',
    email: 'sarah@example.com',
  });
});

test('a data source beyond the first page is found by its title, and not made twice', async () => {
  const key = 'pk_many_sources';
  const many = await startKlaviyoSimulator({ accounts: [{ apiKey: key, rateLimits: false }] });
  try {
    const account = createKlaviyoClient({ apiUrl: many.url, apiKey: key });
    for (let other = 0; other < 45; other++) await account.createDataSource(`Orders ${other}`);
    const first = await setUpCustomObject(account);
    assert.equal((await account.listDataSources()).length, 46);
    const again = await setUpCustomObject(account);
    assert.equal(again.dataSourceId, first.dataSourceId);
    assert.equal((await account.listDataSources()).length, 46);
  } finally {
    await many.close();
  }
});

test('profiles are found by any of several values, quotes and all', async () => {
  const odd = { ...recipient, email: null, phone: null, externalId: 'a"b\\c&d' };
  const { profile } = await client.importProfile(profileBody(pass, odd));
  assert.deepEqual(
    (await client.findProfiles('external_id', ['a"b\\c&d'])).map(({ id }) => id),
    [profile.id],
  );
  assert.equal((await client.findProfiles('external_id', ['a"b\\c&d', 'nobody'])).length, 1);
  assert.deepEqual(await client.findProfiles('email', []), []);
  assert.equal(profileFilter('email', ['a"b']), 'equals(email,"a\\"b")');
});

test('a conflict names the other profile and nothing of the person', async () => {
  await client.importProfile(profileBody(pass, recipient));
  const other = await client.importProfile(profileBody(pass, { ...recipient, email: 'two@x.org' }));
  const [owner] = await client.findProfiles('phone_number', ['+33612345678']);
  const body = { data: { type: 'profile', id: other.profile.id, attributes: { phone_number: '+33612345678' } } };
  const error = await failure(client.patchProfile(other.profile.id, body));
  assert.ok(error instanceof PermanentError);
  assert.deepEqual([error.code, error.details['duplicateProfileId']], ['klaviyo-duplicate-profile', owner!.id]);
});

test('a partial failure is part of the result', async () => {
  const body = profileBody(pass, recipient);
  body.data.attributes['phone_number'] = '0612345678';
  assert.deepEqual((await client.importProfile(body)).partialFailure, ['phone_number']);
});

for (const [fault, type, code, delay] of [
  [{ status: 400 }, PermanentError, 'klaviyo-invalid', undefined],
  [{ status: 401 }, PermanentError, 'klaviyo-unauthorized', undefined],
  [{ status: 403, html: true }, TransientError, 'klaviyo-unavailable', undefined],
  [{ status: 404 }, PermanentError, 'klaviyo-not-found', undefined],
  [{ status: 404, html: true }, TransientError, 'klaviyo-unavailable', undefined],
  [{ status: 410 }, PermanentError, 'klaviyo-revision-gone', undefined],
  [{ status: 302 }, PermanentError, 'klaviyo-redirect', undefined],
  [{ status: 429, retryAfter: '7' }, TransientError, 'klaviyo-throttled', 7000],
  [{ status: 503, retryAfter: '120' }, TransientError, 'klaviyo-unavailable', 120_000],
  [{ status: 500 }, TransientError, 'klaviyo-unavailable', undefined],
  [{ status: 524, html: true }, TransientError, 'klaviyo-unavailable', undefined],
  [{ reset: true }, TransientError, 'klaviyo-unreachable', undefined],
  [{ hang: true }, TransientError, 'klaviyo-timeout', undefined],
] as [Fault, typeof PermanentError | typeof TransientError, string, number | undefined][]) {
  test(`${JSON.stringify(fault)} becomes ${code}`, async () => {
    simulator.setFault({ ...fault, path: '/api/events' });
    const quick = createKlaviyoClient({ apiUrl: simulator.url, apiKey: KEY, timeoutMs: 200 });
    const error = await failure(
      quick.createEvent(eventBody('Pass Voided', pass, recipient, { ...context, operationId: code })),
    );
    assert.ok(error instanceof type);
    assert.equal(error.code, code);
    if (error instanceof TransientError) assert.equal(error.retryAfterMs, delay);
    assert.ok(!simulator.events().some(({ uniqueId }) => uniqueId.startsWith(`${code}:`)));
  });
}

test('a retired revision is an error, and never an answer in another revision that nobody has tried', async () => {
  const old = createKlaviyoClient({ apiUrl: simulator.url, apiKey: KEY, revision: '2024-07-15' });
  const refused = await failure(old.createEvent(eventBody('Pass Voided', pass, recipient, context)));
  assert.deepEqual([refused instanceof PermanentError, refused.code], [true, 'klaviyo-revision-gone']);
  const forwarded = await fetch(`${simulator.url}/api/accounts`, {
    headers: { authorization: `Klaviyo-API-Key ${KEY}`, revision: '2024-07-15' },
  });
  assert.equal(forwarded.status, 200, 'without the header that opts out, Klaviyo says nothing of it');
});

test('a lost answer and its repetition leave one event', async () => {
  simulator.setFault({ path: '/api/events', dropResponse: true });
  const body = eventBody('Pass Updated', pass, recipient, { ...context, changedFields: ['tier'] });
  assert.equal((await failure(client.createEvent(body))).code, 'klaviyo-unreachable');
  await client.createEvent(body);
  assert.equal(simulator.events().filter(({ metric }) => metric === 'Pass Updated').length, 1);
});

test('a replaced key is refused from then on, a wrong form of key before any call', async () => {
  simulator.replaceKey(KEY, 'pk_new');
  assert.equal((await failure(client.getAccounts())).code, 'klaviyo-unauthorized');
  simulator.replaceKey('pk_new', KEY);
  assert.equal((await client.getAccounts()).length, 1);
  assert.throws(() => createKlaviyoClient({ apiUrl: simulator.url, apiKey: 'pk_\nx' }), PermanentError);
});

test('Retry-After is read as seconds and as a date', () => {
  const now = Date.parse('2026-08-01T09:30:00Z');
  assert.equal(retryAfterMs('1.5', now), 1500);
  assert.equal(retryAfterMs('Sat, 01 Aug 2026 09:30:20 GMT', now), 20_000);
  assert.equal(retryAfterMs('Sat, 01 Aug 2026 09:00:00 GMT', now), 0);
  assert.equal(retryAfterMs('soon', now), undefined);
});
