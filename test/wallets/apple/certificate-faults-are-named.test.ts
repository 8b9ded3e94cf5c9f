import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkSigningCertificate, daysLeft, loadSigningCertificate } from '../../../src/wallets/apple/certificates.js';
import { importP12 } from '../../../src/wallets/apple/p12.js';
import { createThrowawayAuthority } from '../../../src/wallets/apple/throwaway-certificates.js';
import { now, NOW, PASS_TYPE, TEAM } from './example-pass.js';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'passrelay-certificates-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const authority = createThrowawayAuthority({ commonName: 'Imitation of WWDR', now });
const issue = (over: { passTypeIdentifier?: string; days?: number } = {}) =>
  authority.issuePassTypeCertificate({
    passTypeIdentifier: PASS_TYPE,
    teamIdentifier: TEAM,
    organizationName: 'Exämple',
    ...over,
  });
const leaf = issue();
const good = { ...leaf, wwdrPem: authority.certificatePem, now };
const expected = { passTypeIdentifier: PASS_TYPE, teamIdentifier: TEAM, now };

const codes = (input: Partial<typeof good>, wanted: Partial<typeof expected> = {}): string[] =>
  checkSigningCertificate(loadSigningCertificate({ ...good, ...input }), { ...expected, ...wanted }).map(
    ({ code }) => code,
  );

test('a good certificate has no fault, and says who and how long', () => {
  const certificate = loadSigningCertificate(good);
  assert.deepEqual(checkSigningCertificate(certificate, expected), []);
  assert.equal(certificate.passTypeIdentifier, PASS_TYPE);
  assert.equal(certificate.teamIdentifier, TEAM);
  assert.equal(certificate.daysLeft, 365);
  assert.equal(daysLeft(certificate, NOW + 300 * DAY_MS), 65);
});

test('openssl finds the throw-away chain well-formed and reads the same names', () => {
  const [ca, pem, server] = ['ca.pem', 'leaf.pem', 'server.pem'].map((name) => join(folder, name));
  writeFileSync(ca!, authority.certificatePem);
  writeFileSync(pem!, leaf.certificatePem);
  writeFileSync(server!, authority.issueServerCertificate({ names: ['localhost', '::1'] }).certificatePem);
  const verify = ['verify', '-x509_strict', '-attime', String(NOW / 1000), '-CAfile', ca!, pem!, server!];
  const run = spawnSync('openssl', verify, { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const text = spawnSync('openssl', ['x509', '-in', pem!, '-noout', '-text', '-nameopt', 'utf8'], { encoding: 'utf8' });
  assert.match(text.stdout, /UID=pass\.com\.example\.membership/);
  assert.match(text.stdout, /1\.2\.840\.113635\.100\.4\.14/);
  assert.match(text.stdout, /1\.2\.840\.113635\.100\.6\.1\.16/);
});

test('each broken thing is named by itself', () => {
  const other = createThrowawayAuthority({ commonName: 'Imitation of WWDR', now });
  assert.deepEqual(codes({ privateKeyPem: issue().privateKeyPem }), ['key-mismatch']);
  assert.deepEqual(codes({}, { teamIdentifier: 'ZZZZZ99999' }), ['team-mismatch']);
  assert.deepEqual(codes({}, { passTypeIdentifier: 'pass.other' }), [
    'pass-type-mismatch',
    'pass-type-extension-mismatch',
  ]);
  // The same name and another key: only the signature tells them apart.
  assert.deepEqual(codes({ wwdrPem: other.certificatePem }), ['wrong-intermediate']);
  assert.deepEqual(codes({ wwdrPem: leaf.certificatePem }), ['wrong-intermediate']);
});

test('dates: not yet, expired, and warnings at 60, 30 and 7 days', () => {
  const at = (days: number): string[] => codes({}, { now: () => NOW + days * DAY_MS });
  assert.deepEqual(at(-2), ['not-yet-valid']);
  assert.deepEqual(at(304), []);
  assert.deepEqual(at(305), ['expires-within-60-days']);
  assert.deepEqual(at(335), ['expires-within-30-days']);
  assert.deepEqual(at(358), ['expires-within-7-days']);
  assert.deepEqual(at(366), ['expired']);
  assert.deepEqual(codes(issue({ days: -1 })), ['expired']);
  assert.deepEqual(at(3651), ['intermediate-expired', 'expired']);
});

test('every fault says what to do', () => {
  const problems = checkSigningCertificate(loadSigningCertificate({ ...good, ...issue({ days: 5 }) }), {
    ...expected,
    passTypeIdentifier: 'pass.other',
  });
  assert.deepEqual(
    problems.map(({ severity }) => severity),
    ['error', 'error', 'warning'],
  );
  for (const { message, cure } of problems) assert.ok(message.endsWith('.') && cure.length > 20, message);
});

test('unreadable parts are refused with a cure and without the key', () => {
  const key = leaf.privateKeyPem;
  const encrypted = createPrivateKey(key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' })
    .toString();
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const load = (input: object) => (): unknown => loadSigningCertificate({ ...good, ...input });
  assert.throws(load({ certificatePem: 'rubbish' }), { code: 'certificate-unreadable', message: /openssl x509/ });
  assert.throws(load({ wwdrPem: '' }), { code: 'certificate-unreadable', message: /WWDR/ });
  assert.throws(load({ privateKeyPem: key.slice(0, 400) }), (error: Error & { code: string }) => {
    assert.equal(error.code, 'private-key-unreadable');
    return !error.message.includes(key.slice(60, 80));
  });
  assert.throws(load({ privateKeyPem: encrypted }), { code: 'private-key-encrypted' });
  assert.throws(load({ privateKeyPem: encrypted, passphrase: 'wrong' }), { message: /check the passphrase/ });
  assert.doesNotThrow(load({ privateKeyPem: encrypted, passphrase: 'right' }));
  assert.throws(load({ privateKeyPem: elliptic.export({ type: 'pkcs8', format: 'pem' }) }), {
    code: 'private-key-not-rsa',
  });
});

test('a .p12 as Keychain writes it, and one as new tools do, give back the pair', async () => {
  writeFileSync(join(folder, 'pair.pem'), leaf.certificatePem + leaf.privateKeyPem);
  for (const flags of [['-legacy'], []]) {
    const file = join(folder, 'pair.p12');
    const arguments_ = ['pkcs12', '-export', ...flags, '-in', join(folder, 'pair.pem'), '-out', file];
    const run = spawnSync('openssl', [...arguments_, '-passout', 'pass:secret'], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const pair = await importP12(readFileSync(file), 'secret');
    assert.deepEqual(codes(pair), []);
    await assert.rejects(importP12(readFileSync(file), 'wrong'), { code: 'p12-unreadable' });
  }
  await assert.rejects(importP12(Buffer.from('rubbish'), ''), { code: 'p12-unreadable' });
});
