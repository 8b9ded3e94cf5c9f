import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createPassSigner } from '../../src/api/pass-file.js';
import { listCertificates, putCertificate, retireOtherCertificates } from '../../src/database/tenants/certificates.js';
import { findPassBySerialNumber } from '../../src/database/passes/pass-lookup.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createThrowawayAuthority } from '../../src/wallets/apple/throwaway-certificates.js';
import { startTestApi } from '../support/api.js';
import { startAppleService, type AppleService } from '../support/apple-service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let apple: AppleService;
before(async () => {
  db = await createTestDatabase();
  apple = await startAppleService(db);
});
after(async () => {
  await apple.close();
  await db.drop();
});

test('while a certificate is rotated the newest signs within a minute, and the older one again where that leaves', async () => {
  const { tenantId, pass } = apple.demo;
  const sql = db.database.tenant(tenantId);
  let clock = Date.now();
  const now = () => clock;
  const readers = createTenantReaders(db.database, now);
  const { secretBox, baseUrl: publicUrl } = apple;
  const signer = createPassSigner({ database: db.database, secretBox, readers, publicUrl, now });
  const row = (await findPassBySerialNumber(db.database.system, pass.serialNumber))!;
  const sign = async () => (await signer.signedPass(tenantId, row)).bytes;
  const [older] = await listCertificates(sql);
  const olderLeaf = new X509Certificate(older!.certificatePem).raw;
  const first = await sign();
  assert.ok(first.includes(olderLeaf));

  const authority = createThrowawayAuthority({ commonName: 'Next intermediate', now: Date.now });
  const { passTypeIdentifier, teamIdentifier } = older!;
  const pair = authority.issuePassTypeCertificate({ passTypeIdentifier, teamIdentifier, organizationName: 'Next' });
  const leaf = new X509Certificate(pair.certificatePem);
  const fingerprint = leaf.fingerprint256.replaceAll(':', '').toLowerCase();
  const material = { tenantId, fingerprint, passTypeIdentifier, teamIdentifier, wwdrPem: authority.certificatePem };
  const dates = { notBefore: new Date(older!.notBefore.getTime() + 1000), notAfter: new Date(leaf.validTo) };
  await putCertificate(sql, { ...material, ...pair, ...dates }, secretBox);
  clock += 61_000;
  const second = await sign();
  assert.ok(second.includes(leaf.raw) && second.includes(new X509Certificate(authority.certificatePem).raw));
  assert.ok(!second.includes(olderLeaf));
  const manifestOf = (bytes: Buffer) =>
    /\{"[^{}]*"pass\.json":"[0-9a-f]{40}"[^{}]*\}/.exec(bytes.toString('latin1'))?.[0];
  assert.equal(manifestOf(second), manifestOf(first), 'another certificate makes no other revision');
  assert.ok(manifestOf(first));

  await retireOtherCertificates(sql, [older!.fingerprint]);
  clock += 61_000;
  assert.ok((await sign()).includes(olderLeaf));
});

test('where no certificate is valid any more a download is a 409, not a fault of ours, and the log says why', async () => {
  await db.owner(`update apple_certificates set not_after = now() - interval '1 day'`);
  const api = await startTestApi({ database: db.database });
  try {
    const answer = await api.fetch(`/p/${apple.demo.pass.serialNumber}/pass.pkpass`);
    assert.equal(answer.status, 409);
    const problem = (await answer.json()) as { type: string; detail: string };
    assert.match(problem.type, /\/conflict$/);
    assert.match(problem.detail, /certificate/);
    assert.match(api.logged(), /certificate-expired/);
  } finally {
    await api.close();
  }
});
