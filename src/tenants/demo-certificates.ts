import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createThrowawayAuthority, type PemPair } from '../wallets/apple/throwaway-certificates.js';
import type { CertificateFiles } from './tenant-file.js';

export const DEMO_PASS_TYPE_IDENTIFIER = 'pass.dev.passrelay.demo.loyalty';
export const DEMO_TEAM_IDENTIFIER = 'DEM0TEAM42';

const RENEW_BEFORE_MS = 30 * 86_400_000;
const PRIVATE = { mode: 0o600 };

const FILES = {
  authority: 'authority.pem',
  certificate: 'pass-certificate.pem',
  key: 'pass-key.pem',
  serverCertificate: 'apns-certificate.pem',
  serverKey: 'apns-key.pem',
  serviceAccount: 'google-service-account.json',
} as const;

export interface DemoCertificates {
  /** Entry for a tenant's `certificates`, absolute paths. */
  files: CertificateFiles;
  googleServiceAccountFile: string;
  googleServiceAccount: { client_email: string; private_key: string; private_key_id: string };
  /** Stands in for Apple's WWDR, and signs the APNs simulator's certificate: what `APNS_CA_FILE` names. */
  authorityFile: string;
  authorityPem: string;
  /** TLS certificate for localhost and 127.0.0.1, and for more names where they were asked for. */
  apnsServer: PemPair;
  /** Where that pair is. */
  apnsServerFiles: { certificateFile: string; keyFile: string };
}

/**
 * The throw-away certificates of the demo, made once and kept in the folder with mode 0600; made again when they end within
 * 30 days or a file is missing. No real phone trusts them.
 */
export async function ensureDemoCertificates(
  folder: string,
  now: () => number,
  serverNames: readonly string[] = [],
): Promise<DemoCertificates> {
  const path = (name: keyof typeof FILES): string => join(folder, FILES[name]);
  const read = (name: keyof typeof FILES): Promise<string> => readFile(path(name), 'utf8');
  const usable = await Promise.all((Object.keys(FILES) as (keyof typeof FILES)[]).map(read)).then(
    (texts) =>
      texts
        .filter((text) => text.startsWith('-----BEGIN CERTIFICATE'))
        .every((pem) => Date.parse(new X509Certificate(pem).validTo) > now() + RENEW_BEFORE_MS),
    () => false,
  );
  if (!usable) await makeDemoCertificates(folder, now, serverNames);
  return {
    files: { certificateFile: path('certificate'), privateKeyFile: path('key'), wwdrFile: path('authority') },
    googleServiceAccountFile: path('serviceAccount'),
    googleServiceAccount: JSON.parse(await read('serviceAccount')) as DemoCertificates['googleServiceAccount'],
    authorityFile: path('authority'),
    authorityPem: await read('authority'),
    apnsServer: { certificatePem: await read('serverCertificate'), privateKeyPem: await read('serverKey') },
    apnsServerFiles: { certificateFile: path('serverCertificate'), keyFile: path('serverKey') },
  };
}

async function makeDemoCertificates(folder: string, now: () => number, serverNames: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const write = (name: keyof typeof FILES, text: string): Promise<void> =>
    writeFile(join(folder, FILES[name]), text, PRIVATE);
  const authority = createThrowawayAuthority({ commonName: 'Passrelay throw-away authority', now });
  const leaf = authority.issuePassTypeCertificate({
    passTypeIdentifier: DEMO_PASS_TYPE_IDENTIFIER,
    teamIdentifier: DEMO_TEAM_IDENTIFIER,
    organizationName: 'Kestrel Coffee Roasters (demonstration)',
  });
  const server = authority.issueServerCertificate({ names: ['localhost', '127.0.0.1', ...serverNames] });
  await write('authority', authority.certificatePem);
  await write('certificate', leaf.certificatePem);
  await write('key', leaf.privateKeyPem);
  await write('serverCertificate', server.certificatePem);
  await write('serverKey', server.privateKeyPem);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = {
    type: 'service_account',
    project_id: 'passrelay-demo',
    private_key_id: randomBytes(20).toString('hex'),
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: 'wallet@passrelay-demo.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
  await write('serviceAccount', `${JSON.stringify(account, null, 2)}\n`);
}
