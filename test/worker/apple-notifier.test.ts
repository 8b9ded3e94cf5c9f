import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { X509Certificate } from 'node:crypto';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { pino } from 'pino';
import { putCertificate } from '../../src/database/tenants/certificates.js';
import { startApnsSimulator, type ApnsSimulator } from '../../src/simulators/apns/apns.js';
import { createThrowawayAuthority, type PemPair } from '../../src/wallets/apple/throwaway-certificates.js';
import { createAppleNotifier } from '../../src/worker/apple-notifier.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';
import { testSecretBox } from '../support/secret-box.js';

const passTypeIdentifier = 'pass.example.card';
const pushToken = 'ab'.repeat(32);
const authority = createThrowawayAuthority({ commonName: 'Test', now: Date.now });
const server = authority.issueServerCertificate();
const log = pino({ level: 'silent' });
let db: TestDatabase;
let apns: ApnsSimulator;
let tenantId: string;

const issue = (): PemPair =>
  authority.issuePassTypeCertificate({ passTypeIdentifier, teamIdentifier: 'TEAM', organizationName: 'Test' });
async function keep(pair: PemPair, notBefore: Date): Promise<void> {
  const leaf = new X509Certificate(pair.certificatePem);
  await putCertificate(
    db.database.tenant(tenantId),
    {
      tenantId,
      fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
      passTypeIdentifier,
      teamIdentifier: 'TEAM',
      certificatePem: pair.certificatePem,
      privateKeyPem: pair.privateKeyPem,
      wwdrPem: authority.certificatePem,
      notBefore,
      notAfter: new Date(leaf.validTo),
    },
    testSecretBox,
  );
}
const notifierAt = (apnsUrl: string) =>
  createAppleNotifier({
    database: db.database,
    secretBox: testSecretBox,
    apnsUrl,
    caPem: authority.certificatePem,
    now: Date.now,
    log,
  });

before(async () => {
  db = await createTestDatabase();
  ({ tenantId } = await seedTenant(db));
  apns = await startApnsSimulator({
    serverCertificatePem: server.certificatePem,
    serverKeyPem: server.privateKeyPem,
    clientCaPem: authority.certificatePem,
  });
  apns.registerToken(pushToken, passTypeIdentifier);
});
after(async () => {
  await apns.stop();
  await db.drop();
});

test('pushes go out over one connection; a missing certificate is named and looked for again', async () => {
  const notifier = notifierAt(apns.url);
  const push = () => notifier.push({ tenantId, passTypeIdentifier, pushToken });
  await assert.rejects(push(), { code: 'certificate-missing' });
  await keep(issue(), new Date(Date.now() - 86_400_000));
  const results = await Promise.all(Array.from({ length: 20 }, push));
  assert.ok(results.every(({ kind }) => kind === 'delivered'));
  assert.equal(apns.pushes.length, 20);
  assert.equal(apns.connections, 1);
  await notifier.close();
});

test('where Apple refuses the newest certificate the older one serves', async () => {
  const newest = issue();
  const refused = new X509Certificate(newest.certificatePem).fingerprint256;
  await keep(newest, new Date(Date.now() - 1000));
  const seen: string[] = [];
  const strict = createSecureServer({
    key: server.privateKeyPem,
    cert: server.certificatePem,
    ca: authority.certificatePem,
    requestCert: true,
  });
  strict.on('stream', (stream) => {
    const { fingerprint256 } = (stream.session!.socket as TLSSocket).getPeerCertificate();
    seen.push(fingerprint256);
    stream.respond({ ':status': fingerprint256 === refused ? 403 : 200 });
    stream.end(fingerprint256 === refused ? '{"reason":"BadCertificate"}' : '');
  });
  await new Promise<void>((resolve) => strict.listen(0, '127.0.0.1', resolve));
  const notifier = notifierAt(`https://127.0.0.1:${(strict.address() as AddressInfo).port}`);
  const result = await notifier.push({ tenantId, passTypeIdentifier, pushToken });
  assert.equal(result.kind, 'delivered', JSON.stringify(result));
  assert.equal(seen[0], refused);
  assert.equal(seen.length, 2);
  await notifier.close();
  await new Promise((resolve) => strict.close(resolve));
});
