import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { recordKeyRefused } from '../../src/database/klaviyo/klaviyo-connections.js';
import { createSecretBox } from '../../src/database/secret-box.js';
import { putSecret } from '../../src/database/secrets.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { TEST_SECRETS_KEY } from '../support/secret-box.js';

interface Readiness {
  state: string;
  parts: Record<string, { state: string; detail?: string; affected?: { tenantId: string; detail: string }[] }>;
}

let db: TestDatabase;
let api: TestApi;
let mine: SeededTenant;
let other: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  [mine, other] = [await seedTenant(db), await seedTenant(db)];
});
after(async () => {
  await api.close();
  await db.drop();
});

const ready = async (key?: string): Promise<Readiness> =>
  (await (await api.fetch('/readyz', key ? { key } : {})).json()) as Readiness;

const certificate = (tenantId: string, identifier: string, until: string) =>
  db.owner(
    `insert into apple_certificates (tenant_id, fingerprint, pass_type_identifier, team_identifier, certificate_pem,
                                     wwdr_pem, private_key_secret, not_before, not_after)
     values ($1, $2, $3, 'T', '', '', '', now() - interval '1 year', now() + $4::interval)`,
    [tenantId, randomBytes(8).toString('hex'), identifier, until],
  );

/** Each kind of trouble for both tenants; strangers see that it is there, a key sees its own tenant's. */
const TROUBLES: Record<string, (tenant: SeededTenant) => Promise<unknown>> = {
  certificates: (tenant) => certificate(tenant.tenantId, `pass.${tenant.tenantId}.card`, '-1 hour'),
  klaviyo: (tenant) =>
    recordKeyRefused(db.database.tenant(tenant.tenantId), {
      tenantId: tenant.tenantId,
      keyVersion: '1',
      call: null,
      reason: 'Klaviyo refuses the API key.',
      nowMs: Date.now(),
    }),
  secrets: (tenant) =>
    putSecret(
      db.database.tenant(tenant.tenantId),
      'klaviyo-api-key',
      'pk_x',
      createSecretBox({ keys: [{ id: 'elsewhere', key: randomBytes(32) }] }),
    ),
  workers: async (tenant) => {
    const operationId = await accept(db, tenant, { kind: 'notify-pass', input: { passId: tenant.pass.id } });
    await db.owner(`update operations set accepted_at = now() - interval '5 minutes' where operation_id = $1`, [
      operationId,
    ]);
  },
};

test('each trouble degrades its part; a stranger is told no name, a key with Operation.Read those of its tenant', async () => {
  assert.equal((await ready()).state, 'ok');
  for (const [part, cause] of Object.entries(TROUBLES)) {
    await cause(mine);
    await cause(other);
    const strange = await ready();
    assert.equal(strange.parts[part]?.state, 'degraded', part);
    for (const { tenantId } of [mine, other]) assert.ok(!JSON.stringify(strange).includes(tenantId), part);
    const own = await ready(mine.keys.all);
    const affected = own.parts[part]!.affected ?? [];
    assert.deepEqual([...new Set(affected.map(({ tenantId }) => tenantId))], [mine.tenantId], part);
    assert.ok(!JSON.stringify(own).includes(other.tenantId), part);
    assert.deepEqual(await ready(mine.keys.listener), strange, 'a key for flows is a stranger here');
  }
});

test('details say what, since when and what it means', async () => {
  const { parts } = await ready(mine.keys.all);
  assert.match(
    parts['certificates']!.affected![0]!.detail,
    /^the certificate of pass\..* expired on \d{4}-\d\d-\d\d: /,
  );
  assert.match(parts['workers']!.detail!, /oldest request has waited for a worker for 5 minutes/);
  assert.match(parts['secrets']!.detail!, /^SECRETS_KEY lacks the key "elsewhere"/);
});

test('passrelay health names every tenant, and fails while anything is degraded', async () => {
  const lines: string[] = [];
  const io = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line), dataDir: '/nowhere' };
  const env = { DATABASE_URL: db.url, SECRETS_KEY: TEST_SECRETS_KEY };
  assert.equal(await main(['health'], { ...env, PASSRELAY_ENV: 'production' }, io), 1);
  const text = lines.join('\n');
  for (const { tenantId } of [mine, other])
    assert.ok(text.includes(`${tenantId}: the certificate`) || text.includes(tenantId));
  assert.match(text, /DEGRADED {2}workers/);
  assert.match(text, /ok {8}schema/);
});
