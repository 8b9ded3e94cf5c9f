import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { putCertificate } from '../src/database/tenants/certificates.js';
import { startApnsSimulator, type ApnsSimulator } from '../src/simulators/apns/apns.js';
import { createThrowawayAuthority } from '../src/wallets/apple/throwaway-certificates.js';
import { benchSecretBox } from './product-env.js';
import { APPLE_PASS_TYPE, seedDevices, TENANT } from './seed.js';
import type { BenchDatabase } from './servers.js';

interface Passes {
  first: number;
  last: number;
  tenants?: readonly string[];
}

/** Certificates, the APNs simulator, and a phone for each pass from `first` to `last` of each tenant. */
export async function preparePhones(
  bench: BenchDatabase,
  folder: string,
  { first, last, tenants = [TENANT] }: Passes,
  /** More passes of other tenants with a phone each. */
  more: Passes[] = [],
): Promise<{ apns: ApnsSimulator; caFile: string }> {
  const authority = createThrowawayAuthority({ commonName: 'Bench', now: Date.now });
  const leaf = authority.issuePassTypeCertificate({
    passTypeIdentifier: APPLE_PASS_TYPE,
    teamIdentifier: 'ABCDE12345',
    organizationName: 'Example',
  });
  const { fingerprint256, validTo } = new X509Certificate(leaf.certificatePem);
  const certificate = {
    ...leaf,
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
    passTypeIdentifier: APPLE_PASS_TYPE,
    teamIdentifier: 'ABCDE12345',
    wwdrPem: authority.certificatePem,
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(validTo),
  };
  const all = [{ first, last, tenants }, ...more].flatMap(({ tenants = [TENANT], ...range }) =>
    tenants.map((tenant) => ({ tenant, ...range })),
  );
  for (const { tenant: tenantId } of all) {
    await putCertificate(bench.database.tenant(tenantId), { ...certificate, tenantId }, benchSecretBox());
  }
  const server = authority.issueServerCertificate();
  const apns = await startApnsSimulator({
    serverCertificatePem: server.certificatePem,
    serverKeyPem: server.privateKeyPem,
    clientCaPem: authority.certificatePem,
  });
  for (const { tenant, first: from, last: to } of all) {
    for (const token of await seedDevices(bench, from, to, tenant)) apns.registerToken(token, APPLE_PASS_TYPE);
  }
  const caFile = path.join(folder, 'apns-authority.pem');
  writeFileSync(caFile, authority.certificatePem);
  return { apns, caFile };
}
