import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ISSUE_PASS } from '../../src/api/requests/issue-pass.js';
import { PROFILE_SYNC } from '../../src/api/requests/profile-sync.js';
import { PUSH_UPDATE } from '../../src/api/requests/push-update.js';
import { SEND_MESSAGE } from '../../src/api/requests/send-message.js';
import { listRefusals, type RefusedDelivery } from '../../src/database/klaviyo/refused-deliveries.js';
import { runRetention } from '../../src/database/bulk/retention.js';
import { presentRefusal } from '../../src/api/operator/present-refusals.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
});
after(async () => {
  await api?.close();
  await db?.drop();
});

const ISSUE = '/v1/passes';
const listener = (path: string, of = tenant) => `/api/${of.tenantId}/webhooks/listeners/klaviyo/${path}`;
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  api.fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-KEY': tenant.keys.all, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const refused = async (of = tenant): Promise<RefusedDelivery[]> => {
  await api.refusals.flush();
  return listRefusals(db.database.tenant(of.tenantId));
};
const words = (rows: readonly RefusedDelivery[]) =>
  rows.map((row) => `${row.known_caller ? 'key' : 'stranger'} ${row.listener} ${row.code} ${row.times}`).sort();

test('every refusal of a delivery is kept with its reason, once for each reason, and nothing that was accepted', async () => {
  tenant = await seedTenant(db);
  const other = await seedTenant(db);
  const push = listener('passes/pushUpdate');
  const flow = { 'X-Klaviyo-Flow-ID': 'Flow42' };
  for (const column of ['a@b.example', 'somebody@else.example']) {
    await post(push, `{"identifiers":{"email":"${column}"},"additionalData":{"points": }}`);
    await post(push, `{"identifiers":{"email":${column}}}`, flow);
  }
  await post(push, { identifiers: { email: tenant.email }, passType: 'premum' });
  await post(push, { identifier: { email: tenant.email } });
  await post(listener('profiles/sync'), { email: '' });
  await post(listener('passes/notify'), { identifiers: { email: tenant.email } });
  await post(ISSUE, { passTemplate: 'basci', pass: {}, recipient: { email: tenant.email } });
  await post(listener('passes/pushUpdate', other), { identifiers: { email: tenant.email } });
  await post(push, { identifiers: { email: tenant.email } }, { 'X-API-KEY': `pr_live_${'x'.repeat(43)}` });
  await post(push, {}, { 'X-API-KEY': '', Authorization: tenant.keys.all });
  await post(listener('passes/pushupdated'), {}, { 'X-API-KEY': 'whatever' });
  for (const account of [tenant.accountId, 'aid_0xfeed', "' or true --"])
    await post(ISSUE, {}, { 'X-API-KEY': 'whatever', 'X-ACCOUNT-ID': account });
  await post(listener('system'), { data: [], meta: {} });
  assert.equal((await post(push, { identifiers: { email: tenant.email } })).status, 200);
  const rows = await refused();
  assert.deepEqual(words(rows), [
    'key issuePass invalid-request 1',
    'key profileSync identifier-missing 1',
    'key pushUpdate invalid-request 1',
    'key pushUpdate invalid-request 1',
    'key pushUpdate malformed-body 2',
    'key pushUpdate wrong-tenant 1',
    'key sendMessage invalid-request 1',
    'stranger address not-found 1',
    'stranger issuePass unauthenticated 1',
    'stranger pushUpdate unauthenticated 1',
    'stranger pushUpdate unauthenticated 1',
    'stranger system unauthenticated 1',
  ]);
  const lines = rows.map(presentRefusal);
  const said = lines.map(({ sentence }) => sentence).join('\n');
  for (const part of ['did you mean "identifiers"?', 'Did you mean "premium"?', 'write "Bearer " before the key']) {
    assert.ok(said.includes(part), `${part} in\n${said}`);
  }
  assert.equal(lines.find(({ times }) => times === 2)?.flowId, 'Flow42');
  assert.deepEqual(await refused(other), [], 'a key of one tenant says nothing to another');
});

test('a wrong method at a right address is told as that, with the method to choose', async () => {
  tenant = await seedTenant(db);
  const answer = await api.fetch(listener('passes/pushUpdate'), { key: tenant.keys.all });
  assert.equal(answer.status, 405);
  assert.match(await answer.text(), /This address takes POST, and not GET\./);
  const [line] = (await refused()).map(presentRefusal);
  assert.equal(line!.asked, 'A right address, by a wrong method');
  assert.match(line!.sentence, /Flows of Klaviyo use POST/);
});

test('no value of a body is kept, wherever it stands and however the body is broken', async () => {
  tenant = await seedTenant(db);
  const deliveries: [path: string, example: Record<string, unknown>][] = [
    [listener('passes/pushUpdate'), PUSH_UPDATE.example],
    [listener('profiles/sync'), PROFILE_SYNC.example],
    [listener('passes/notify'), SEND_MESSAGE.example],
    [ISSUE, ISSUE_PASS.example],
  ];
  const hidden = ['Zebulon', 'Quux', 'zebulon@quux.example', '+4915550'];
  const values = [
    'Zebulon Quux',
    'say "Zebulon" Quux',
    'zebulon@quux.example',
    `Zebulon${'x'.repeat(300)}`,
    '+4915550',
  ];
  let sent = 0;
  for (const [path, example] of deliveries) {
    const keys = new Set(['class', 'validFor', 'until', 'uses', ...Object.keys(example)]);
    for (const key of keys) {
      for (const value of values) {
        const body = { ...example, passType: value, [key]: value, mystery: value };
        await post(path, body);
        sent++;
      }
    }
    const text = JSON.stringify({ ...example, name: 'Zebulon Quux', email: 'zebulon@quux.example' });
    for (let cut = 5; cut < text.length; cut += 31) {
      await post(path, text.slice(0, cut));
      await post(path, text.slice(0, cut) + text.slice(cut + 1));
    }
    await api.refusals.flush();
  }
  const rows = await refused();
  assert.ok(rows.length > 20, `${rows.length} reasons of ${sent} deliveries`);
  const kept = rows.map(({ sentence }) => sentence);
  assert.ok(
    kept.some((sentence) => sentence.includes('"…"')),
    'what was quoted is taken out',
  );
  for (const word of hidden) {
    assert.deepEqual(
      kept.filter((sentence) => sentence.includes(word)),
      [],
    );
  }
});

test('what is kept has a bound, and strangers can neither raise it nor push out what a key caused', async () => {
  tenant = await seedTenant(db);
  const push = listener('passes/pushUpdate');
  const letters = (n: number) => String.fromCharCode(97 + Math.floor(n / 26), 97 + (n % 26));
  for (let n = 0; n < 60; n++) {
    await post(push, { identifiers: { email: tenant.email }, [`key-${letters(n)}`]: 1, passType: [] });
    // Written one by one: the memory has a bound of its own.
    if (n % 20 === 19) await api.refusals.flush();
  }
  const before = await refused();
  assert.equal(before.length, 50);
  assert.ok(before[0]!.sentence.includes(`key-${letters(59)}`), 'the newest stay');
  for (let n = 0; n < 60; n++) {
    const key = n % 2 ? `pr_live_${'y'.repeat(40)}${n}` : '';
    await post(push, `{"stranger ${n}": ${n}`, { 'X-API-KEY': key, 'X-Klaviyo-Flow-ID': `flow${n}` });
    await post(listener(`passes/stranger${n}`), {}, { 'X-API-KEY': key });
    await post(`/api/nobody-${n}/webhooks/listeners/klaviyo/passes/pushUpdate`, {}, { 'X-API-KEY': key });
  }
  const rows = await refused();
  assert.deepEqual(
    rows.filter((row) => row.known_caller),
    before,
  );
  const strangers = rows.filter((row) => !row.known_caller);
  assert.deepEqual(words(strangers), [
    'stranger address not-found 60',
    'stranger pushUpdate unauthenticated 30',
    'stranger pushUpdate unauthenticated 30',
  ]);
  assert.ok(!JSON.stringify(strangers).includes('stranger1'), 'nothing that they wrote');
  const [{ n }] = (await db.owner<{ n: number }>(
    `select count(*)::int as n from refused_deliveries where tenant_id like 'nobody%'`,
  )) as [{ n: number }];
  assert.equal(n, 0);
  await db.owner(`update refused_deliveries set last_at = now() - interval '31 days'`);
  await runRetention(db.database);
  const [left] = await db.owner<{ n: number }>('select count(*)::int as n from refused_deliveries');
  assert.equal(left!.n, 0);
});
