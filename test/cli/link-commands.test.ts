import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { findLink } from '../../src/database/customers/links.js';
import { hashLinkToken } from '../../src/passes/link-token.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { TEST_SECRETS_KEY } from '../support/secret-box.js';

let db: TestDatabase;
let klaviyo: TestKlaviyo;
before(async () => {
  db = await createTestDatabase();
  klaviyo = await startTestKlaviyo(db, { apiKeys: ['pk_one'] });
});
after(async () => {
  await klaviyo.simulator.close();
  await db.drop();
});

async function run(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const env = {
    DATABASE_URL: db.url,
    SECRETS_KEY: TEST_SECRETS_KEY,
    KLAVIYO_API_URL: klaviyo.simulator.url,
    PUBLIC_URL: 'https://passes.example',
  };
  const code = await main(['links', ...args], env, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    dataDir: '/nowhere',
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('backfill, print and revoke speak of the same links', async () => {
  const { tenantId, customerId } = await klaviyo.tenant({}, 'pk_one');
  await db.owner(
    `insert into customers (customer_id, tenant_id, email) select gen_random_uuid(), $1, 'n' || n || '@example.com' from generate_series(1, 3) n`,
    [tenantId],
  );
  const filled = await run('backfill', tenantId);
  assert.deepEqual([filled.code, filled.err], [0, '']);
  assert.match(filled.out, /Done: 4 profiles/);
  const tokens = klaviyo.simulator
    .profiles('pk_one')
    .map(({ attributes }) =>
      String((attributes['properties'] as Record<string, unknown>)['neostore.authenticationToken']),
    );
  assert.equal(new Set(tokens).size, 4, 'to each their own');
  const stateOf = async (token: string) =>
    (
      await findLink(db.database.tenant(tenantId), {
        tenantId,
        tokenHash: hashLinkToken(token),
        purpose: 'mail',
        now: Date.now,
      })
    ).state;
  assert.deepEqual(await Promise.all(tokens.map(stateOf)), Array(4).fill('valid'));
  const [budget] = await db.owner(
    `select (state -> 'steady' ->> 'used')::int as used from rate_budgets where budget like 'klaviyo/account:%/profiles'`,
  );
  assert.ok(Number(budget!['used']) >= 1, 'the command takes its turns from the budget of the account');

  const printed = await run('print', tenantId, customerId);
  const token = new URL(printed.out.split('\n')[0]!).searchParams.get('neo.authToken')!;
  assert.ok(tokens.includes(token), 'printing makes no other token');

  assert.equal((await run('revoke', tenantId)).code, 1, 'nothing is revoked by accident');
  assert.match((await run('revoke', tenantId, '--token', token)).out, /^1 link revoked/);
  assert.equal(await stateOf(token), 'revoked');
  assert.match((await run('revoke', tenantId, '--all')).out, /^3 links revoked/);
  assert.match((await run('backfill', tenantId)).out, /Done: 4 profiles/);
  const fresh = (await run('print', tenantId, customerId)).out;
  assert.ok(!fresh.includes(token));
});
