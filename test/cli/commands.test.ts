import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { copyTenantFolder, editJson, issueCertificate } from '../support/tenant-folder.js';
import { rowsOf } from '../support/rows.js';

let db: TestDatabase;
let root: string;
const key = `one:${randomBytes(32).toString('base64')}`;

before(async () => {
  db = await createTestDatabase();
  root = copyTenantFolder();
});
after(async () => {
  await db.drop();
  rmSync(root, { recursive: true });
});

async function run(args: string[], env: Record<string, string> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(
    args,
    { DATABASE_URL: db.url, SECRETS_KEY: key, ...env },
    { out: (line) => out.push(line), err: (line) => err.push(line), dataDir: '/nowhere' },
  );
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test('a folder is validated, applied, shown and listed', async () => {
  assert.match((await run(['tenant', 'validate', root])).out, /is sound/);
  assert.match((await run(['tenant', 'apply', root])).out, /basic \(ptk_0x101\): version 1, new/);
  assert.match((await run(['tenant', 'apply', root])).out, /nothing changed/);
  assert.match((await run(['tenant', 'list'])).out, /^demo {2}aid_0xdec0ffee/);
  const shown = await run(['tenant', 'show', 'demo']);
  assert.deepEqual((JSON.parse(shown.out) as { secrets: string[] }).secrets.includes('pass-token-key'), true);
  assert.doesNotMatch(shown.out, /PRIVATE KEY/);
});

test('a folder is judged as JSON, and stored designs by the rules of today', async () => {
  const judged = JSON.parse((await run(['tenant', 'validate', root, '--json'])).out) as { sound: boolean };
  assert.equal(judged.sound, true);
  assert.match((await run(['tenant', 'check', 'demo'])).out, /stored designs of "demo" are sound/);
  // As an older version stored it, which knew fewer rules.
  await db.owner(
    `update pass_type_versions set design = jsonb_set(design, '{apple,backFields,0,textAlignment}', '"right"')
      where pass_type_id = 'ptk_0x101'`,
  );
  const { out, code } = await run(['tenant', 'check', 'demo']);
  assert.equal(code, 0);
  assert.match(
    out,
    /basic\.json \/apple\/backFields\/0\/textAlignment: "right" .*Cure: Use one of PKTextAlignmentLeft/,
  );
  assert.match(out, /stay usable/);

  // A shape of another version hides nothing: its own faults are named, and so is the rest.
  const setDesign = (to: string) =>
    db.owner(`update pass_type_versions set design = ${to} where pass_type_id = 'ptk_0x101'`);
  await setDesign(`design || jsonb_build_object('holographic', true,
    'apple', design -> 'apple' || '{"transitType": "Air", "expirationDate": "31.12.2026"}')`);
  const other = await run(['tenant', 'check', 'demo', '--json']);
  const { problems } = JSON.parse(other.out) as { problems: { path: string; cure: string }[] };
  const named = problems.map(({ path }) => path);
  for (const path of [
    '/holographic',
    '/apple/transitType',
    '/apple/expirationDate',
    '/apple/backFields/0/textAlignment',
  ]) {
    assert.ok(named.includes(path), `${path} is not among ${named.join(' ')}`);
  }
  await setDesign(`design - 'holographic' #- '{apple,transitType}' #- '{apple,expirationDate}'`);
});

test('a broken folder ends with its problems on standard error and a code', async () => {
  const broken = copyTenantFolder();
  editJson(broken, 'tenant.json', (tenant) => (tenant.environment = 'prod'));
  const result = await run(['tenant', 'apply', broken]);
  rmSync(broken, { recursive: true });
  assert.equal(result.code, 1);
  assert.match(result.err, /tenant\.json \/environment: .*"prod".*"production"/);
});

test('what may soon be wrong with a sound folder is noted, and keeps nothing from being applied', async () => {
  const ending = copyTenantFolder();
  const pair = issueCertificate({ days: 20 });
  writeFileSync(join(ending, 'pass.pem'), pair.certificatePem);
  writeFileSync(join(ending, 'pass-key.pem'), pair.privateKeyPem);
  for (const command of ['validate', 'apply']) {
    const { code, out } = await run(['tenant', command, ending]);
    assert.equal(code, 0);
    assert.match(out, /Note: tenant\.json \/certificates\/0: The certificate chain ends in (19|20) days/);
    assert.match(out, /Note: tenant\.json \/googleServiceAccountFile: .*no service account/);
  }
  rmSync(ending, { recursive: true });
});

test('a key is shown once, listed without its text, and revoked', async () => {
  const made = await run(['keys', 'create', 'demo', 'flows', '--scope', 'KlaviyoListener.Write']);
  const [text, keyId] = [/pr_live_\S+/.exec(made.out)?.[0], /Key (\S+):/.exec(made.out)?.[1]];
  assert.ok(text && keyId);
  const listed = await run(['keys', 'list', 'demo']);
  assert.match(listed.out, new RegExp(`${keyId} {2}valid {2}flows`));
  assert.ok(!listed.out.includes(text));
  await run(['keys', 'revoke', 'demo', keyId]);
  assert.match((await run(['keys', 'list', 'demo'])).out, new RegExp(`${keyId} {2}revoked`));
  assert.match((await run(['keys', 'create', 'demo', 'x', '--scope', 'Pass.Raed'])).err, /Did you mean "Pass\.Read"/);
});

test('a staging tenant gets test keys only', async () => {
  const staged = copyTenantFolder();
  editJson(staged, 'tenant.json', (tenant) =>
    Object.assign(tenant, { environment: 'staging', tenantId: 'staged', accountId: 'aid_0x57a6' }),
  );
  assert.equal((await run(['tenant', 'apply', staged])).code, 0);
  rmSync(staged, { recursive: true });
  const create = ['keys', 'create', 'staged', 'flows', '--scope', 'KlaviyoListener.Write'];
  assert.match((await run(create)).err, /"staged" is in staging, where all keys are test keys: add --test/);
  assert.match((await run([...create, '--test'])).out, /^pr_test_/);
});

test('secrets are rotated to the first key, and an unknown key is named', async () => {
  const next = `two:${randomBytes(32).toString('base64')}`;
  assert.match((await run(['secrets', 'rotate'], { SECRETS_KEY: next })).err, /key "one".*SECRETS_KEY/);
  assert.match((await run(['secrets', 'rotate'], { SECRETS_KEY: `${next},${key}` })).out, /^[1-9]\d* sealed again/);
});

test('without a database or key the message says what to set', async () => {
  const nothing = await run(['tenant', 'list'], { DATABASE_URL: '' });
  assert.deepEqual([nothing.code, /DATABASE_URL/.test(nothing.err)], [1, true]);
  const away = await run(['tenant', 'list'], { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' });
  assert.match(away.err, /does not answer/);
  assert.match((await run(['tenant', 'apply', root], { SECRETS_KEY: '' })).err, /SECRETS_KEY/);
});

test('a migration is accepted as an operation, for a type that there is', async () => {
  const made = await run(['tenant', 'migrate', 'demo', 'basic', '--per-minute', '30']);
  const operationId = /operations\/(\S+)/.exec(made.out)?.[1];
  const operation = await rowsOf(db).operation(operationId, 'kind', 'origin', 'input');
  const input = { passTypeId: 'ptk_0x101', perMinute: 30 };
  assert.deepEqual(operation, { kind: 'migrate-passes', origin: 'operator', input });
  assert.match((await run(['tenant', 'migrate', 'demo', 'basik'])).err, /no pass type "basik"/);
  assert.match((await run(['tenant', 'migrate', 'demo', 'basic', '--per-minute', '0'])).err, /whole number/);
});

test('a new tenant begins with a small folder of its own that lacks only a certificate, and none is overwritten', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'passrelay-new-')), 'maple');
  const made = await run(['tenant', 'new', 'maple', '--name', 'Maple Bakery', '--to', folder]);
  assert.equal(made.code, 0, made.err);
  const checked = await run(['tenant', 'validate', folder]);
  assert.match(checked.err, /has one problem:\n.*no certificate of tenant\.json signs pass\.com\.example\.card/);
  assert.match((await run(['tenant', 'new', 'maple', '--to', folder])).err, /exists already/);
  assert.match((await run(['tenant', 'new', 'Maple Bakery'])).err, /lower-case letters/);
  rmSync(folder, { recursive: true });
});

test('commands find the demo that runs with another data folder', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'passrelay-data-'));
  try {
    writeFileSync(join(dataDir, 'demo.json'), JSON.stringify({ databaseUrl: db.url }));
    const out: string[] = [];
    const io = { out: (line: string) => out.push(line), err: (line: string) => out.push(line) };
    assert.equal(await main(['tenant', 'list'], { PASSRELAY_DATA_DIR: dataDir }, io), 0, out.join('\n'));
    assert.match(out.join('\n'), /aid_0x/);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
