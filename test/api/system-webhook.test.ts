import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { signSystemWebhook } from '../../src/api/requests/klaviyo-signature.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { TEST_SECRETS_KEY } from '../support/secret-box.js';

const SECRETS = { old: 'first-secret-of-the-webhook', new: 'second-secret-of-the-webhook' };
let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let closed: SeededTenant;

before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  closed = await seedTenant(db, { listeners: { profileSync: false } });
  api = await startTestApi({ database: db.database });
  await setSecret(tenant, SECRETS.old);
  await setSecret(closed, SECRETS.old);
});
after(async () => {
  await api.close();
  await db.drop();
});

async function setSecret(of: SeededTenant, secret: string, ...more: string[]): Promise<void> {
  const env = {
    DATABASE_URL: db.url,
    SECRETS_KEY: TEST_SECRETS_KEY,
    KLAVIYO_WEBHOOK_SECRET: secret,
  };
  const errors: string[] = [];
  const io = { out: () => undefined, err: (line: string) => void errors.push(line), dataDir: '/nowhere' };
  assert.equal(await main(['secrets', 'set-webhook', of.tenantId, ...more], env, io), 0, errors.join());
}

const about = (id: string, email?: string) =>
  email
    ? { data: { type: 'event' }, included: [{ type: 'profile', id, attributes: { email, first_name: 'Sarah' } }] }
    : { data: { type: 'event', relationships: { profile: { data: { type: 'profile', id } } } } };

interface Sent {
  events?: { topic: string; external_id: string; payload: unknown }[];
  secret?: string;
  tenantId?: string;
  at?: Date;
  alter?: (body: string) => string;
}
function send({ events = [], secret = SECRETS.old, tenantId = tenant.tenantId, at = new Date(), alter }: Sent) {
  const meta = { timestamp: at.toISOString(), klaviyo_webhook_id: 'wh-1', klaviyo_account_id: 'ABC123', version: 1 };
  const body = JSON.stringify({ data: events, meta });
  const stamp = 'Tue, 01 Sep 2026 12:00:00 GMT';
  return api.fetch(`/api/${tenantId}/webhooks/listeners/klaviyo/system`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Klaviyo-Webhook-Id': 'wh-1',
      'Klaviyo-Timestamp': stamp,
      'Klaviyo-Signature': signSystemWebhook(secret, Buffer.from(body), stamp),
    },
    body: alter ? alter(body) : body,
  });
}
const event = (externalId: string, payload: unknown) => ({ topic: 'event:x', external_id: externalId, payload });
const syncs = () =>
  db.owner<{ operation_id: string; input: Record<string, unknown>; origin: string; status: string; test: boolean }>(
    `select * from operations where tenant_id = $1 and kind = 'profile-sync' order by acceptance_sequence`,
    [tenant.tenantId],
  );

test('each event becomes one profile-sync, however often and in whatever company it is sent', async () => {
  const first = event('e-1', about('01PROFILE1', 'New.Sarah@example.com'));
  const second = event('e-2', about('01PROFILE2'));
  const nobody = event('e-3', { data: { type: 'campaign' } });
  const nudges = api.nudges();
  const answer = await send({ events: [first, second, nobody] });
  assert.equal(answer.status, 202);
  assert.deepEqual(await answer.json(), { accepted: 2, skipped: 1 });
  assert.ok(api.nudges() > nudges);
  assert.equal((await send({ events: [second] })).status, 202);
  assert.equal((await send({ events: [first, event('e-4', about('01PROFILE3'))] })).status, 202);

  const made = await syncs();
  assert.deepEqual(
    made.map(({ input }) => input['klaviyoProfileId']),
    ['01PROFILE1', '01PROFILE2', '01PROFILE3'],
  );
  assert.deepEqual(made[0]!.input['identifiers'], [{ kind: 'email', value: 'new.sarah@example.com' }]);
  assert.deepEqual(made[1]!.input['identifiers'], []);
  assert.deepEqual([made[0]!.origin, made[0]!.status], ['klaviyo', 'accepted']);
});

test('events whose long ids begin alike, or that have none, are events of their own', async () => {
  const count = (await syncs()).length;
  const long = 'x'.repeat(300);
  const events = [`${long}1`, `${long}2`, '', ''].map((id, index) => event(id, about(`01LONG${index}`)));
  assert.deepEqual(await (await send({ events })).json(), { accepted: 4, skipped: 0 });
  assert.equal((await send({ events: events.slice(0, 2) })).status, 202);
  assert.equal((await syncs()).length, count + 4);
});

test('a batch of signed events may hold more keys than one delivery of a flow', async () => {
  const attributes = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, index]));
  const events = Array.from({ length: 40 }, (_, index) => ({
    ...event(`batch-${index}`, about(`01BATCH${index}`)),
    attributes,
  }));
  assert.deepEqual(await (await send({ events })).json(), { accepted: 40, skipped: 0 });
});

test('what is altered, old or signed by somebody else is refused, and so is a tenant that is not there', async () => {
  const events = [event('e-10', about('01PROFILE9'))];
  const count = (await syncs()).length;
  const hour = 3_600_000;
  const refusals = [
    await send({ events, alter: (body) => body.replace('01PROFILE9', '01PROFILE8') }),
    await send({ events, secret: 'somebody-elses-secret' }),
    await send({ events, at: new Date(Date.now() - 26 * hour) }),
    await send({ events, at: new Date(Date.now() + 26 * hour) }),
    await send({ events, tenantId: 'nobody' }),
    await api.fetch(`/api/${tenant.tenantId}/webhooks/listeners/klaviyo/system`, { method: 'POST', body: '{}' }),
  ];
  const bodies = await Promise.all(refusals.map(async (response) => [response.status, await response.text()]));
  const [first] = bodies;
  for (const [status, body] of bodies) {
    assert.equal(status, 401);
    assert.equal(
      (body as string).replace(/"correlationId":"[^"]+"/, ''),
      (first![1] as string).replace(/"correlationId":"[^"]+"/, ''),
    );
  }
  assert.equal((await send({ events, tenantId: closed.tenantId })).status, 403);
  assert.equal((await syncs()).length, count);
});

test('during a rotation both secrets are taken, afterwards the new one alone', async () => {
  const events = [event('e-20', about('01PROFILE1'))];
  await setSecret(tenant, SECRETS.new);
  assert.equal((await send({ events, secret: SECRETS.old })).status, 202);
  assert.equal((await send({ events, secret: SECRETS.new })).status, 202);
  await setSecret(tenant, SECRETS.new, '--drop-former');
  assert.equal((await send({ events, secret: SECRETS.old })).status, 401);
  assert.equal((await send({ events, secret: SECRETS.new })).status, 202);
});
