import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { layOutImage } from '../support/built-image.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { copyTenantFolder, issueCertificate } from '../support/tenant-folder.js';

/** Where the program lies as an image holds it; Node alone runs it, under production settings. */
let image: string;
let db: TestDatabase;
let klaviyo: TestKlaviyo;
let folder: string;
const secretsKey = `first:${randomBytes(32).toString('base64')}`;

before(async () => {
  db = await createTestDatabase();
  klaviyo = await startTestKlaviyo(db, { accounts: [{ apiKey: 'pk_production' }] });
  image = layOutImage();
  folder = copyTenantFolder();
});
after(async () => {
  await klaviyo.simulator.close();
  await db.drop();
  for (const path of [image, folder]) rmSync(path, { recursive: true });
});

function run(args: string[], env: Record<string, string> = {}) {
  const settings = {
    PATH: process.env['PATH'],
    PASSRELAY_ENV: 'production',
    DATABASE_URL: db.url,
    SECRETS_KEY: secretsKey,
    PUBLIC_URL: 'https://passes.example',
    KLAVIYO_API_URL: klaviyo.simulator.url,
    ...env,
  };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      ['bin/passrelay.js', ...args],
      { cwd: image, env: settings },
      (failure, stdout, stderr) => {
        resolve({ code: failure ? Number(failure.code) : 0, out: stdout, err: stderr });
      },
    );
  });
}

async function succeeds(args: string[], env?: Record<string, string>): Promise<string> {
  const { code, out, err } = await run(args, env);
  assert.deepEqual([code, err], [0, ''], args.join(' '));
  return out;
}

test('the first tenant is made with the commands of the guide', async () => {
  assert.match(await succeeds(['tenant', 'validate', folder]), /is sound/);
  assert.match(await succeeds(['tenant', 'apply', folder]), /version 1, new/);
  assert.match(await succeeds(['tenant', 'list']), /^demo /);
  const scopes = ['KlaviyoListener.Write', 'Pass.Read'];
  assert.match(await succeeds(['keys', 'create', 'demo', 'flows', '--scope', ...scopes]), /^pr_live_/);
  const kept = await succeeds(['klaviyo', 'set-key', 'demo', '--env', 'NEXT'], { NEXT: 'pk_production' });
  assert.match(kept, /key is (?:kept|stored)/);
  assert.match(await succeeds(['tenant', 'show', 'demo']), /"klaviyo-api-key"/);
});

test('a renewed certificate is taken out of its .p12 file', async () => {
  const { certificatePem, privateKeyPem } = issueCertificate();
  const pem = join(folder, 'pair.pem');
  writeFileSync(pem, certificatePem + privateKeyPem);
  const file = join(folder, 'pass.p12');
  await new Promise((resolve, reject) => {
    execFile('openssl', ['pkcs12', '-export', '-in', pem, '-out', file, '-passout', 'pass:secret'], (failure) =>
      failure ? reject(failure) : resolve(null),
    );
  });
  const to = mkdtempSync(join(tmpdir(), 'passrelay-p12-'));
  await succeeds(['certificates', 'import-p12', file, '--to', to], { P12_PASSPHRASE: 'secret' });
  assert.deepEqual(readdirSync(to).sort(), ['pass-certificate.pem', 'pass-key.pem']);
  rmSync(to, { recursive: true });
});

test('every group of commands works with production settings', async () => {
  for (const args of [
    ['secrets', 'rotate'],
    ['retention', 'run'],
    ['links', 'revoke', 'demo', '--all'],
    ['keys', 'list', 'demo'],
    ['klaviyo', 'snippet', 'demo', 'basic'],
    ['schemas', 'write', '--to', join(folder, 'schemas')],
  ]) {
    await succeeds(args);
  }
  const nobody = await run(['customer', 'export', 'demo', 'nobody@example.com']);
  assert.match(nobody.err, /Nothing is held under this identifier/);
});

test('production falls back to nothing of the demo, and refuses its key', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'passrelay-demo-'));
  writeFileSync(join(dataDir, 'demo.json'), JSON.stringify({ databaseUrl: db.url, baseUrl: 'http://127.0.0.1:1' }));
  const without = await run(['tenant', 'list'], { DATABASE_URL: '', PASSRELAY_DATA_DIR: dataDir });
  assert.deepEqual([without.code, /DATABASE_URL/.test(without.err)], [1, true]);
  const demoKey = await run(['secrets', 'rotate'], { SECRETS_KEY: `demo-1:${randomBytes(32).toString('base64')}` });
  assert.match(demoKey.err, /SECRETS_KEY: is a key of the demo/);
  rmSync(dataDir, { recursive: true });
});
