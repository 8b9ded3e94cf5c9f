import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { getSigningMaterial } from '../../src/database/tenants/certificates.js';
import { findApiKeyByHash, hashApiKey } from '../../src/database/tenants/api-keys.js';
import { getPassTypeVersion, listPassTypes } from '../../src/database/tenants/pass-types.js';
import { createSecretBox, type SecretBox } from '../../src/database/secret-box.js';
import { getSecret, SECRET_NAMES } from '../../src/database/secrets.js';
import { untranslatedTexts } from '../../src/previews/translations.js';
import { ensureDemoSecretsKey } from '../../src/tenants/demo-secrets-key.js';
import { ensureDemoTenant, type DemoTenant } from '../../src/tenants/demo-tenant.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let dataDir: string;
let box: SecretBox;
let demo: DemoTenant;
const now = Date.now;

before(async () => {
  db = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'passrelay-demo-'));
  box = createSecretBox({ keys: await ensureDemoSecretsKey(dataDir) });
  demo = await ensureDemoTenant({ database: db.database, secretBox: box, dataDir, now, klaviyoApiKey: 'pk_demo' });
});
after(async () => {
  await db.drop();
  await rm(dataDir, { recursive: true });
});

test('the demo is complete: two pass types, a key that signs, one pass with its identifiers', async () => {
  const sql = db.database.tenant('demo');
  assert.deepEqual(
    (await listPassTypes(sql)).map(({ design, version }) => [design.name, version]),
    [
      ['basic', 1],
      ['premium', 1],
    ],
  );
  const material = await getSigningMaterial(sql, demo.pass.passTypeIdentifier, box, now);
  assert.match(material.privateKeyPem, /BEGIN PRIVATE KEY/);
  assert.equal((await getSecret(sql, SECRET_NAMES.klaviyoApiKey, box))?.toString(), 'pk_demo');
  assert.ok(Buffer.from(demo.pass.serialNumber, 'base64url').length >= 16, 'at least 128 random bits');

  const [pass] = await sql.query<{ data: Record<string, unknown>; visuals: Record<string, string>; live_key: string }>(
    'select data, visuals, live_key from passes where serial_number = $1',
    [demo.pass.serialNumber],
  );
  assert.equal(pass?.data['tier'], 'silver');
  assert.equal(pass?.visuals['strip'], 'strip-silver');
  const version = await getPassTypeVersion(sql, 'ptk_0x101', 1);
  assert.ok(version?.images['strip-silver@3x.png'], 'the image of the visual is published with the version');
});

test('each key may do what its name says, and no more', async () => {
  const scopes = async (key: string) => (await findApiKeyByHash(db.database.system, hashApiKey(key)))?.scopes;
  assert.deepEqual(await scopes(demo.apiKeys.klaviyo), ['KlaviyoListener.Write']);
  assert.deepEqual(await scopes(demo.apiKeys.passes), ['Pass.Read', 'Pass.Write']);
  assert.deepEqual(await scopes(demo.apiKeys.operations), ['Operation.Read', 'Operation.Write']);
  assert.ok((await scopes(demo.apiKeys.admin))?.includes('Tenant.Admin'));
});

test('a second start finds the same keys, pass, certificates and versions', async () => {
  const again = await ensureDemoTenant({
    database: db.database,
    secretBox: createSecretBox({ keys: await ensureDemoSecretsKey(dataDir) }),
    dataDir,
    now,
    klaviyoApiKey: 'pk_demo',
  });
  assert.deepEqual(again.apiKeys, demo.apiKeys);
  assert.deepEqual(again.pass, demo.pass);
  assert.equal(again.certificates.authorityPem, demo.certificates.authorityPem);
  assert.ok(again.versions.every(({ published, version }) => !published && version === 1));
});

test('private files are readable by their owner only', async () => {
  for (const file of [
    'secrets.key',
    'demo-certificates/pass-key.pem',
    'demo-certificates/google-service-account.json',
  ]) {
    assert.equal((await stat(join(dataDir, file))).mode & 0o777, 0o600, file);
  }
});

test('the server certificate of the APNs stand-in is one that a TLS client accepts under the demo authority', async () => {
  const { createServer } = await import('node:tls');
  const { apnsServer, authorityPem } = demo.certificates;
  const server = createServer({ cert: apnsServer.certificatePem, key: apnsServer.privateKeyPem }, (socket) =>
    socket.end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const socket = connect({ host: '127.0.0.1', port, ca: authorityPem });
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  assert.equal(socket.authorized, true);
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('the demo speaks each of its languages to the end, the names of its cards too', async () => {
  for (const { design } of await listPassTypes(db.database.tenant('demo'))) {
    const languages = Object.keys(design.apple?.localizations ?? {});
    assert.ok(languages.length >= 2, design.name);
    for (const language of languages) {
      assert.deepEqual(untranslatedTexts(design, language), [], `${design.name} in ${language}`);
    }
  }
});
