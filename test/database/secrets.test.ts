import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { rotateSecrets } from '../../src/database/rotate-secrets.js';
import { createSecretBox, parseSecretKeys, webhookSecretContext } from '../../src/database/secret-box.js';
import { deleteSecret, getSecret, listSecretNames, putSecret } from '../../src/database/secrets.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const key = (id: string) => ({ id, key: randomBytes(32) });
const old = key('2025');
const box = createSecretBox({ keys: [old] });
const PLAIN = 'pk_very-private-klaviyo-key';

let db: TestDatabase;
let tenant: SeededTenant;
let other: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  other = await seedTenant(db);
});
after(() => db.drop());

test('what was sealed opens again; any other context, key or byte does not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.nat(), (bytes, context, at) => {
      const sealed = box.seal(Buffer.from(bytes), context);
      assert.deepEqual(box.open(sealed, context), Buffer.from(bytes));
      assert.throws(() => box.open(sealed, `${context}!`), { code: 'secret-unreadable' });
      const altered = Buffer.from(sealed.ciphertext);
      altered[at % altered.length]! ^= 1;
      assert.throws(() => box.open({ ...sealed, ciphertext: altered }, context), { code: 'secret-unreadable' });
      assert.throws(() => box.open({ ...sealed, ciphertext: altered.subarray(0, at % 29) }, context), {
        code: 'secret-unreadable',
      });
    }),
  );
  assert.notDeepEqual(box.seal(PLAIN, 'x').ciphertext, box.seal(PLAIN, 'x').ciphertext, 'every nonce is fresh');
});

test('without the key the message names SECRETS_KEY and the key, and nothing of the secret', async () => {
  const sql = db.database.tenant(tenant.tenantId);
  await putSecret(sql, 'klaviyo-api-key', PLAIN, box);
  const stranger = createSecretBox({ keys: [key('2026')] });
  await assert.rejects(getSecret(sql, 'klaviyo-api-key', stranger), (error: Error) => {
    assert.match(error.message, /"2025".*SECRETS_KEY/);
    assert.doesNotMatch(error.message, new RegExp(PLAIN));
    return true;
  });
  const impostor = createSecretBox({ keys: [key('2025')] });
  await assert.rejects(getSecret(sql, 'klaviyo-api-key', impostor), /"2025" of SECRETS_KEY/);
});

test('a dump of the database shows no secret', async () => {
  const rows = await db.owner<{ row: string }>(
    `select encode(ciphertext, 'escape') || t::text as row from tenant_secrets t`,
  );
  assert.ok(rows.length > 0);
  for (const { row } of rows) {
    assert.doesNotMatch(row, new RegExp(PLAIN));
    assert.doesNotMatch(row, new RegExp(Buffer.from(PLAIN).toString('hex')));
  }
});

test('a ciphertext moved to another tenant or name does not open there', async () => {
  await db.owner(
    `insert into tenant_secrets (tenant_id, name, key_id, ciphertext)
     select x.tenant, x.name, key_id, ciphertext from tenant_secrets,
       (values ($2, 'klaviyo-api-key'), ($1, 'google-service-account')) as x(tenant, name)
      where tenant_id = $1 and tenant_secrets.name = 'klaviyo-api-key'`,
    [tenant.tenantId, other.tenantId],
  );
  for (const [tenantId, name] of [
    [other.tenantId, 'klaviyo-api-key'],
    [tenant.tenantId, 'google-service-account'],
  ] as const) {
    const sql = db.database.tenant(tenantId);
    await assert.rejects(getSecret(sql, name, box), { code: 'secret-unreadable' });
    assert.equal(await deleteSecret(sql, name), true);
  }
});

test('row level security hides the secrets of one tenant from another', async () => {
  // Its statements name the tenant, and its connection is the other one's: only the policies stand between them.
  const stranger = { ...db.database.tenant(other.tenantId), tenantId: tenant.tenantId };
  assert.equal(await getSecret(stranger, 'klaviyo-api-key', box), undefined);
  assert.deepEqual(await listSecretNames(stranger), []);
  await assert.rejects(putSecret(stranger, 'x', 'y', box), /row-level security/);
});

test('rotation seals everything anew, and the old key is not needed any more', async () => {
  const sql = db.database.tenant(tenant.tenantId);
  const [endpoint] = await sql.query<{ endpoint_id: string }>(
    `insert into webhook_endpoints (tenant_id, url, event_types) values ($1, 'https://m.example', '{*}') returning endpoint_id`,
    [tenant.tenantId],
  );
  const context = webhookSecretContext(tenant.tenantId, endpoint!.endpoint_id);
  const webhook = box.seal('whsec_1', context);
  await sql.query('insert into webhook_secrets (tenant_id, endpoint_id, key_id, ciphertext) values ($1, $2, $3, $4)', [
    tenant.tenantId,
    endpoint!.endpoint_id,
    webhook.keyId,
    webhook.ciphertext,
  ]);
  const fresh = key('2026');
  assert.deepEqual(await rotateSecrets(db.database.system, [fresh, old]), { rotated: 2, kept: 0 });
  assert.deepEqual(await rotateSecrets(db.database.system, [fresh, old]), { rotated: 0, kept: 2 });

  const alone = createSecretBox({ keys: [fresh] });
  assert.equal((await getSecret(sql, 'klaviyo-api-key', alone))?.toString(), PLAIN);
  const [row] = await sql.query<{ key_id: string; ciphertext: Buffer }>(
    'select key_id, ciphertext from webhook_secrets',
  );
  assert.equal(alone.open({ keyId: row!.key_id, ciphertext: row!.ciphertext }, context).toString(), 'whsec_1');
});

test('SECRETS_KEY takes base64 and hex, named or not, several at once, and says what is wrong', () => {
  const bytes = randomBytes(32);
  const [a, b] = parseSecretKeys(`2026:${bytes.toString('base64')},\n${bytes.toString('hex')}`);
  assert.equal(a?.id, '2026');
  assert.deepEqual(b?.key, bytes);
  assert.match(b?.id ?? '', /^[0-9a-f]{12}$/);
  for (const wrong of ['', 'short', randomBytes(31).toString('base64')]) {
    assert.throws(() => parseSecretKeys(wrong), /SECRETS_KEY/);
  }
});
