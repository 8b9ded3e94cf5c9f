import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { getSigningMaterial, listCertificates } from '../../src/database/tenants/certificates.js';
import { findPassType, getImage, getPassTypeVersion, listVersions } from '../../src/database/tenants/pass-types.js';
import { recordClass } from '../../src/database/devices/google-classes.js';
import { createSecretBox } from '../../src/database/secret-box.js';
import { getSecret, SECRET_NAMES } from '../../src/database/secrets.js';
import { getTenant, getTenantByAccountId } from '../../src/database/tenants/tenants.js';
import { applyTenantFolder } from '../../src/tenants/apply-folder.js';
import { DEMO_PASS_TYPE_IDENTIFIER } from '../../src/tenants/demo-certificates.js';
import { TenantFolderError } from '../../src/tenants/folder-problem.js';
import { googleClassId } from '../../src/wallets/google/resource-ids.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { copyTenantFolder, editJson, issueCertificate } from '../support/tenant-folder.js';

const box = createSecretBox({ keys: [{ id: 'test', key: randomBytes(32) }] });
const BASIC = 'pass-types/basic.json';
const PREMIUM = 'ptk_0x102';

let db: TestDatabase;
let root: string;
let tenantId: string;
let counter = 0;
const sql = () => db.database.tenant(tenantId);
const apply = (environment: Record<string, string> = {}, now = Date.now) =>
  applyTenantFolder(db.database, box, root, { now, environment });

before(async () => void (db = await createTestDatabase()));
after(() => db.drop());
beforeEach(() => {
  root = copyTenantFolder();
  tenantId = `brand-${++counter}`;
  editJson(root, 'tenant.json', (tenant) => {
    tenant.tenantId = tenantId;
    tenant.accountId = `aid_0x${counter}`;
  });
});
afterEach(() => rmSync(root, { recursive: true }));

test('the same folder twice makes one version; other key order or a new $schema are no change', async () => {
  const first = await apply();
  assert.deepEqual(first.changed, ['tenant', 'certificates', 'secrets', 'pass-types/basic', 'pass-types/premium']);
  assert.deepEqual((await apply()).changed, []);
  editJson(root, BASIC, (design) => {
    const reversed = Object.entries(design).reverse();
    for (const [key] of reversed) delete design[key];
    Object.assign(design, Object.fromEntries(reversed), { $schema: 'https://schemas.example/pass-type.json' });
  });
  assert.deepEqual((await apply()).changed, []);
  assert.equal((await listVersions(sql(), 'ptk_0x101')).length, 1);
});

test('a changed design and a changed image each make a version; the ones before stay as they were', async () => {
  await apply();
  const one = await getPassTypeVersion(sql(), 'ptk_0x101', 1);
  editJson(root, BASIC, (design) => (design.apple.logoText = 'A new name'));
  assert.deepEqual((await apply()).changed, ['pass-types/basic']);
  const folder = join(root, 'pass-types');
  writeFileSync(join(folder, 'basic/icon.png'), readFileSync(join(folder, 'premium/icon.png')));
  const { versions, changed } = await apply();
  assert.deepEqual(changed, ['pass-types/basic']);
  assert.deepEqual(
    versions.map(({ name, version, published }) => [name, version, published]),
    [
      ['basic', 3, true],
      ['premium', 1, false],
    ],
  );
  assert.deepEqual(await getPassTypeVersion(sql(), 'ptk_0x101', 1), one);
  const current = await findPassType(sql(), 'basic');
  assert.equal(current?.version, 3);
  assert.notEqual(current?.images['icon.png'], one?.images['icon.png']);
  assert.deepEqual(await getImage(sql(), current!.images['icon.png']!), readFileSync(join(folder, 'premium/icon.png')));
});

test('two publishers at once end with one version', async () => {
  await Promise.all([apply(), apply(), apply()].map((applied) => applied.catch((error: unknown) => error)));
  assert.deepEqual((await apply()).changed, []);
  assert.equal((await listVersions(sql(), PREMIUM)).length, 1);
});

test('an unsound folder changes nothing at all and names every problem', async () => {
  await apply();
  editJson(root, 'tenant.json', (tenant) => (tenant.name = 'Renamed'));
  editJson(root, BASIC, (design) => (design.apple.logoText = '{{nothing}}'));
  await assert.rejects(apply(), (error: Error) => {
    assert.ok(error instanceof TenantFolderError);
    assert.match(error.message, /pass-types\/basic\.json \/apple\/logoText: .*\{\{nothing\}\}.* Cure: /);
    return true;
  });
  assert.notEqual((await getTenant(sql()))?.name, 'Renamed');
});

test('a refusal in the middle rolls everything back', async () => {
  await apply();
  editJson(root, 'tenant.json', (tenant) => (tenant.name = 'Renamed'));
  editJson(root, BASIC, (design) => (design.apple.logoText = 'Changed'));
  // The database alone knows that the name is bound to another id.
  editJson(root, 'pass-types/premium.json', (design) => (design.id = 'ptk_0x999'));
  await assert.rejects(apply(), { code: 'pass-type-id-changed' });
  assert.notEqual((await getTenant(sql()))?.name, 'Renamed');
  assert.equal((await findPassType(sql(), 'basic'))?.version, 1);
});

test("another tenant's account id is refused with a cure", async () => {
  await apply();
  const first = tenantId;
  tenantId = `brand-${++counter}`;
  editJson(root, 'tenant.json', (tenant) => (tenant.tenantId = tenantId));
  await assert.rejects(apply(), { code: 'account-id-taken' });
  const account = `aid_0x${counter - 1}`;
  assert.equal((await getTenantByAccountId(db.database.system, account))?.tenantId, first);
});

test('a class at Google belongs to one pass type for good, also where that is gone from the folder', async () => {
  await apply();
  const basic = readFileSync(join(root, BASIC), 'utf8');
  rmSync(join(root, BASIC));
  editJson(root, 'pass-types/premium.json', (design) => (design.google.classSuffix = 'kestrel-card'));
  await assert.rejects(apply(), (error: Error) => {
    assert.ok(error instanceof TenantFolderError);
    assert.match(error.message, /premium\.json \/google\/classSuffix: .*the pass type "basic" that was applied before/);
    return true;
  });
  assert.equal((await findPassType(sql(), 'premium'))?.version, 1);

  editJson(root, 'pass-types/premium.json', (design) => (design.google.classSuffix = 'kestrel-reserve'));
  writeFileSync(join(root, BASIC), basic);
  assert.deepEqual((await apply()).changed, []);
  const classId = googleClassId('3388000000012345678', tenantId, 'kestrel-card');
  await recordClass(sql(), { classId, objectType: 'loyalty', digest: 'x' });
  assert.deepEqual((await apply()).changed, []);
  await recordClass(sql(), { classId, objectType: 'generic', digest: 'x' });
  await assert.rejects(apply(), /basic\.json \/google\/classSuffix: Google has the class .* as generic.*says loyalty/);
});

test('while rotating two certificates are active and the newest valid one signs; one that left the folder does not', async () => {
  await apply();
  const [before] = await listCertificates(sql());
  const newer = issueCertificate({ days: 700 });
  writeFileSync(join(root, 'new.pem'), newer.certificatePem);
  writeFileSync(join(root, 'new-key.pem'), newer.privateKeyPem);
  const entry = { certificateFile: 'new.pem', privateKeyFile: 'new-key.pem', wwdrFile: 'wwdr.pem' };
  editJson(root, 'tenant.json', (tenant) => tenant.certificates.push(entry));
  assert.deepEqual((await apply()).changed, ['certificates']);
  assert.equal((await listCertificates(sql())).filter(({ active }) => active).length, 2);
  const signing = () => getSigningMaterial(sql(), DEMO_PASS_TYPE_IDENTIFIER, box, Date.now);
  assert.notEqual((await signing()).fingerprint, before?.fingerprint);

  const afterTheOldOne = () => Date.now() + 500 * 86_400_000;
  const then = await getSigningMaterial(sql(), DEMO_PASS_TYPE_IDENTIFIER, box, afterTheOldOne);
  assert.notEqual(then.fingerprint, before?.fingerprint);

  editJson(root, 'tenant.json', (tenant) => tenant.certificates.pop());
  assert.deepEqual((await apply()).changed, ['certificates']);
  assert.equal((await signing()).fingerprint, before?.fingerprint);
  await assert.rejects(getSigningMaterial(sql(), DEMO_PASS_TYPE_IDENTIFIER, box, afterTheOldOne), {
    code: 'certificate-expired',
  });
});

test('secrets come from files and variables, are sealed, and the token key never changes', async () => {
  editJson(root, 'tenant.json', (tenant) => (tenant.klaviyoApiKeyEnv = 'KLAVIYO_KEY'));
  await apply({ KLAVIYO_KEY: 'pk_one' });
  const token = await getSecret(sql(), SECRET_NAMES.passTokenKey, box);
  assert.equal(token?.length, 32);
  assert.deepEqual((await apply({ KLAVIYO_KEY: 'pk_two' })).changed, ['secrets']);
  assert.equal((await getSecret(sql(), SECRET_NAMES.klaviyoApiKey, box))?.toString(), 'pk_two');
  assert.deepEqual(await getSecret(sql(), SECRET_NAMES.passTokenKey, box), token);
});

test('an encrypted private key needs its passphrase, and is usable without it afterwards', async () => {
  const pem = readFileSync(join(root, 'pass-key.pem'), 'utf8');
  const encrypted = createPrivateKey(pem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'correct horse',
  });
  writeFileSync(join(root, 'pass-key.pem'), encrypted);
  await assert.rejects(apply(), /\/certificates\/0\/privateKeyFile: .*encrypted.* passphrase/);
  editJson(root, 'tenant.json', (tenant) => (tenant.certificates[0].passphraseEnv = 'PASS_PHRASE'));
  await assert.rejects(apply({ PASS_PHRASE: 'wrong' }), /check the passphrase/);
  await apply({ PASS_PHRASE: 'correct horse' });
  const material = await getSigningMaterial(sql(), DEMO_PASS_TYPE_IDENTIFIER, box, Date.now);
  assert.equal(createPrivateKey(material.privateKeyPem).asymmetricKeyType, 'rsa');
});
