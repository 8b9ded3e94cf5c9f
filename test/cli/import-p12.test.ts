import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { issueCertificate } from '../support/tenant-folder.js';

const folder = mkdtempSync(join(tmpdir(), 'passrelay-p12-'));
after(() => rmSync(folder, { recursive: true }));

async function run(env: Record<string, string>) {
  const err: string[] = [];
  const args = ['certificates', 'import-p12', join(folder, 'pass.p12'), '--to', folder];
  const code = await main(args, env, { out: () => undefined, err: (line) => err.push(line), dataDir: '/nowhere' });
  return { code, err: err.join('\n') };
}

test('import-p12 names the variable that it lacks, and writes over nothing', async () => {
  const pair = issueCertificate();
  writeFileSync(join(folder, 'pair.pem'), pair.certificatePem + pair.privateKeyPem);
  const arguments_ = ['pkcs12', '-export', '-in', join(folder, 'pair.pem'), '-out', join(folder, 'pass.p12')];
  assert.equal(spawnSync('openssl', [...arguments_, '-passout', 'pass:secret']).status, 0);

  assert.match((await run({})).err, /cannot be opened without a passphrase: .* P12_PASSPHRASE\./);
  assert.match((await run({ P12_PASSPHRASE: 'wrong' })).err, /check the passphrase/);
  assert.equal((await run({ P12_PASSPHRASE: 'secret' })).code, 0);
  const key = readFileSync(join(folder, 'pass-key.pem'), 'utf8');
  assert.match((await run({ P12_PASSPHRASE: 'secret' })).err, /pass-certificate\.pem is there already: move it away/);
  assert.equal(readFileSync(join(folder, 'pass-key.pem'), 'utf8'), key);
});
