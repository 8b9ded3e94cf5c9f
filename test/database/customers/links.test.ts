import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { findLink, mintLink, revokeLinks } from '../../../src/database/customers/links.js';
import { deriveLinkToken, hashLinkToken, readLinkToken } from '../../../src/passes/link-token.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { seedTenant, type SeededTenant } from '../../support/tenant.js';
import { testSecretBox } from '../../support/secret-box.js';

const DAY = 86_400_000;
let db: TestDatabase;
let one: SeededTenant;
let other: SeededTenant;
let time = Date.now();
const now = () => time;

before(async () => {
  db = await createTestDatabase();
  [one, other] = [await seedTenant(db), await seedTenant(db)];
});
after(() => db.drop());

const mint = (tenant: SeededTenant, rotate = false) =>
  mintLink(db.database.tenant(tenant.tenantId), testSecretBox, {
    tenantId: tenant.tenantId,
    customerId: tenant.customerId,
    purpose: 'mail',
    settings: { expiryDays: 90, graceDays: 14 },
    now,
    rotate,
  });
const stateOf = async (tenant: SeededTenant, token: string) =>
  (
    await findLink(db.database.tenant(tenant.tenantId), {
      tenantId: tenant.tenantId,
      tokenHash: hashLinkToken(token),
      purpose: 'mail',
      now,
    })
  ).state;

test('the same token comes back as often as it is asked for, and the database holds its hash alone', async () => {
  const tokens = await Promise.all([mint(one), mint(one), mint(one)]);
  assert.equal(new Set([...tokens, await mint(one)]).size, 1);
  const token = tokens[0]!;
  assert.ok(Buffer.from(token, 'base64url').length >= 16, 'at least 128 bits');
  const kept = await db.owner<{ row: string }>('select t::text as row from link_tokens t');
  assert.equal(kept.length, 1);
  assert.ok(!kept[0]!.row.includes(token));
  assert.equal(await stateOf(one, token), 'valid');
});

test('a token of another tenant is as unknown as one that never was', async () => {
  const token = await mint(one);
  assert.equal(await stateOf(other, token), 'unknown');
  assert.equal(await stateOf(other, 'A'.repeat(43)), 'unknown');
  assert.notEqual(await mint(other), token);
});

test('rotation leaves a mail that was sent before its grace time, and no more', async () => {
  const before = await mint(one);
  const after = await mint(one, true);
  assert.notEqual(after, before);
  assert.equal(await mint(one), after);
  assert.equal(await stateOf(one, before), 'valid');
  time += 14 * DAY + 1;
  assert.equal(await stateOf(one, before), 'expired');
  assert.equal(await stateOf(one, after), 'valid');
});

test('a token near its end is replaced in time, so that each one handed out lives for the grace time', async () => {
  const token = await mint(one);
  time += 80 * DAY;
  const next = await mint(one);
  assert.notEqual(next, token);
  time += 14 * DAY - 1;
  assert.equal(await stateOf(one, next), 'valid');
});

test('what is revoked opens nothing, and the next token is another one', async () => {
  const [mine, theirs] = [await mint(one), await mint(other)];
  const sql = db.database.tenant(one.tenantId);
  await db.owner(`update link_tokens set expires_at = now() + interval '1 day'`);
  assert.equal(await revokeLinks(sql, { tokenHash: hashLinkToken(theirs) }), 0, "another tenant's");
  assert.ok((await revokeLinks(sql, { customerId: one.customerId })) >= 1);
  assert.equal(await stateOf(one, mine), 'revoked');
  const fresh = await mint(one);
  assert.notEqual(fresh, mine);
  assert.equal(await stateOf(one, fresh), 'valid');
  await revokeLinks(sql, {});
  assert.notEqual(await mint(one), fresh);
});

test('each part of what a token stands for changes it', () => {
  const identity = fc.record({
    tenantId: fc.string(),
    customerId: fc.string(),
    purpose: fc.constant('mail' as const),
    generation: fc.nat(),
  });
  const key = Buffer.alloc(32, 1);
  fc.assert(
    fc.property(identity, identity, (a, b) => {
      const same = a.tenantId === b.tenantId && a.customerId === b.customerId && a.generation === b.generation;
      assert.equal(deriveLinkToken(key, a) === deriveLinkToken(key, b), same);
      assert.notEqual(deriveLinkToken(key, a), deriveLinkToken(Buffer.alloc(32, 2), a));
      assert.equal(readLinkToken(deriveLinkToken(key, a)).kind, 'token');
    }),
  );
});

test('what stands in the place of a token is told apart', () => {
  const kinds = (values: unknown[]) => values.map((value) => readLinkToken(value).kind);
  assert.deepEqual(kinds([undefined, '', ' ', 'None']), Array(4).fill('missing'));
  assert.deepEqual(
    kinds(["{{ person|lookup:'neostore.authenticationToken' }}", '{{ x', '{% if x %}']),
    Array(3).fill('unrendered'),
  );
  assert.deepEqual(kinds(['abc', 'A'.repeat(42), `${'A'.repeat(42)}=`, 'A'.repeat(44)]), Array(4).fill('damaged'));
});
