import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PermanentError, TransientError } from '../../../src/common/errors.js';
import { startGoogleWalletSimulator, type GoogleWalletSimulator } from '../../../src/simulators/google/wallet.js';
import { createGoogleWalletClient } from '../../../src/wallets/google/objects-client.js';
import { googleClassId, googleObjectId } from '../../../src/wallets/google/resource-ids.js';
import { googleClass, googleObject } from '../../../src/wallets/google/wallet-object.js';
import { clientOf, designs, ISSUER, loyalty, view } from './fixtures.js';

const values = { memberId: 4711, firstName: 'Zoë', points: 5, note: 'Hi', until: '2030-01-01T00:00:00Z', tier: 'gold' };
const code =
  (expected: string, kind: typeof PermanentError | typeof TransientError = PermanentError) =>
  (e: unknown) =>
    e instanceof kind && e.code === expected;

describe('Google Wallet client against the simulator', () => {
  let simulator: GoogleWalletSimulator;
  before(async () => {
    simulator = await startGoogleWalletSimulator({ settings: { requestsPerSecond: null } });
  });
  after(() => simulator.stop());

  async function issued(tenant: string, overrides: Record<string, string | number> = {}) {
    const made = clientOf(simulator);
    const classId = googleClassId(ISSUER, tenant, loyalty.classSuffix);
    const objectId = googleObjectId(ISSUER, tenant, 'pass-1');
    await made.client.ensure('loyaltyClass', googleClass({ design: loyalty, issuerId: ISSUER, classId }));
    const object = (fields: Record<string, string | number>, notify = false) =>
      googleObject({ design: loyalty, classId, objectId, view: view(fields), state: 'ACTIVE', notify });
    await made.client.ensure('loyaltyObject', object({ ...values, ...overrides }));
    return { ...made, classId, objectId, object };
  }

  for (const design of Object.values(designs)) {
    test(`${design.type}: class and object are taken, and a second time nothing is written`, async () => {
      const { client } = clientOf(simulator);
      const classId = googleClassId(ISSUER, 'round-trip', design.classSuffix);
      const objectId = googleObjectId(ISSUER, 'round-trip', design.type);
      const callbackUrl = 'https://passes.example/google/callbacks';
      const klass = googleClass({ design, issuerId: ISSUER, classId, callbackUrl });
      const object = googleObject({ design, classId, objectId, view: view(values), state: 'ACTIVE', notify: true });
      for (const expected of ['inserted', 'unchanged']) {
        assert.equal(await client.ensure(`${design.type}Class`, klass, Object.keys(design.class)), expected);
        assert.equal(await client.ensure(`${design.type}Object`, object, Object.keys(design.object)), expected);
      }
      assert.equal(simulator.object(objectId)!['state'], 'ACTIVE');
      assert.equal(simulator.class(classId)!['reviewStatus'], design.type === 'generic' ? undefined : 'APPROVED');
    });
  }

  test('a value that is gone disappears at Google, while messages and links of others stay', async () => {
    const { client, objectId, object } = await issued('clearing');
    await client.addMessage('loyaltyObject', objectId, { id: 'm', header: 'h', body: 'b', messageType: 'TEXT' });
    const { firstName: _, ...rest } = values;
    assert.equal(await client.ensure('loyaltyObject', object(rest), Object.keys(loyalty.object)), 'updated');
    const stored = simulator.object(objectId)!;
    assert.equal('accountName' in stored, false);
    assert.equal((stored['messages'] as unknown[]).length, 1);
  });

  test('a nested value that is gone disappears even where PATCH merges nested objects', async () => {
    simulator.settings.nestedPatch = 'merge';
    const { client, objectId, object } = await issued('nested');
    const loyaltyPoints = { balance: { int: 5 } };
    await client.ensure('loyaltyObject', { ...object(values), loyaltyPoints }, Object.keys(loyalty.object));
    assert.deepEqual(simulator.object(objectId)!['loyaltyPoints'], loyaltyPoints);
    simulator.settings.nestedPatch = 'replace';
  });

  test('a retry after a lost answer meets its own object', async () => {
    const { client, object, classId } = await issued('lost-answer');
    const second = { ...object(values), id: googleObjectId(ISSUER, 'lost-answer', 'pass-2'), classId };
    simulator.faults.add({ path: 'loyaltyObject', method: 'POST', loseAnswer: true });
    await assert.rejects(client.ensure('loyaltyObject', second), code('google-unreachable', TransientError));
    assert.equal(await client.ensure('loyaltyObject', second), 'unchanged');
  });

  test('an id that another type has taken is a permanent refusal', async () => {
    const { client, classId } = await issued('taken');
    const other = googleClass({ design: designs.offer, issuerId: ISSUER, classId });
    await assert.rejects(client.ensure('offerClass', other), code('google-exists'));
  });

  test('a refused token is renewed once; a revoked account is permanent', async () => {
    const { client, objectId } = await issued('renew');
    simulator.revokeTokens();
    assert.equal((await client.get('loyaltyObject', objectId))['id'], objectId);
    simulator.faults.add({ status: 401, times: 2, path: 'loyaltyObject' });
    await assert.rejects(client.get('loyaltyObject', objectId), code('google-unauthorized'));
  });

  test('refusals are classified by reason, not by status alone', async () => {
    const { client, objectId, object } = await issued('classes-of-errors');
    const get = () => client.get('loyaltyObject', objectId);
    const path = 'loyaltyObject';
    simulator.faults.add({ status: 403, reason: 'quotaExceeded', path, retryAfterSeconds: 7 });
    await assert.rejects(
      get(),
      (e: unknown) => code('google-quota', TransientError)(e) && (e as TransientError).retryAfterMs === 7_000,
    );
    simulator.faults.add({ status: 403, reason: 'permissionDenied', path });
    await assert.rejects(get(), code('google-permission-denied'));
    simulator.faults.add({ status: 503, path });
    await assert.rejects(get(), code('google-unavailable', TransientError));
    await assert.rejects(client.get('offerObject', objectId), code('google-not-found'));
    const bad = { ...object(values), loyaltyPoints: { balance: { int: 'zoe@example.org' } } };
    await assert.rejects(client.patch('loyaltyObject', objectId, bad), (e: unknown) => {
      assert.ok(code('google-invalid-resource')(e));
      assert.match((e as Error).message, /loyaltyPoints, balance, int/);
      assert.doesNotMatch((e as Error).message, /zoe/);
      return true;
    });
    const foreign = clientOf(simulator, Date.now, ['1']).client;
    await assert.rejects(foreign.get('loyaltyObject', objectId), code('google-permission-denied'));
  });

  test('silence ends in google-timeout', async () => {
    const { tokens, objectId } = await issued('silence');
    const hasty = createGoogleWalletClient({ apiUrl: simulator.apiUrl, tokens, timeoutMs: 50 });
    simulator.faults.add({ delayMs: 400, path: 'loyaltyObject' });
    await assert.rejects(hasty.get('loyaltyObject', objectId), code('google-timeout', TransientError));
  });

  test('an update that asks for it notifies a holder, three times a day', async () => {
    const { client, objectId, object } = await issued('notify');
    await simulator.save(objectId);
    for (const points of [10, 20, 30])
      await client.patch('loyaltyObject', objectId, object({ ...values, points }, true));
    assert.equal(simulator.notifications(objectId).length, 3);
    const fourth = { id: 'm', header: 'h', body: 'b' };
    await assert.rejects(
      client.addMessage('loyaltyObject', objectId, { ...fourth, messageType: 'TEXT_AND_NOTIFY' }),
      code('google-quota', TransientError),
    );
    await client.addMessage('loyaltyObject', objectId, { ...fourth, messageType: 'TEXT' });
    await client.patch('loyaltyObject', objectId, object({ ...values, points: 40 }));
    assert.equal(simulator.notifications(objectId).length, 3);
  });
});
