import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  DEMO_PASS_TYPE_IDENTIFIER,
  DEMO_TEAM_IDENTIFIER,
  type DemoCertificates,
} from '../../src/tenants/demo-certificates.js';
import { createThrowawayAuthority } from '../../src/wallets/apple/throwaway-certificates.js';
import { HOSTS } from './settings.js';

export interface DrillCertificates extends DemoCertificates {
  /** TLS certificate of the proxy, for the public names. */
  proxy: { certificateFile: string; keyFile: string };
}

const FILE = 'certificates.json';

/** One authority for everything: it imitates Apple's WWDR, and signs the certificates of the simulators and the proxy. */
export function makeCertificates(folder: string): DrillCertificates {
  const to = path.join(folder, 'certificates');
  mkdirSync(to, { mode: 0o700 });
  const write = (name: string, text: string): string => {
    const file = path.join(to, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const authority = createThrowawayAuthority({ commonName: 'Production drill', now: Date.now });
  const leaf = authority.issuePassTypeCertificate({
    passTypeIdentifier: DEMO_PASS_TYPE_IDENTIFIER,
    teamIdentifier: DEMO_TEAM_IDENTIFIER,
    organizationName: 'Example',
  });
  const proxy = authority.issueServerCertificate({ names: Object.values(HOSTS) });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = {
    type: 'service_account',
    project_id: 'drill',
    private_key_id: randomBytes(20).toString('hex'),
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: 'wallet@drill.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
  const authorityFile = write('authority.pem', authority.certificatePem);
  const certificates: DrillCertificates = {
    files: {
      certificateFile: write('pass-certificate.pem', leaf.certificatePem),
      privateKeyFile: write('pass-key.pem', leaf.privateKeyPem),
      wwdrFile: authorityFile,
    },
    googleServiceAccountFile: write('google-service-account.json', JSON.stringify(account)),
    googleServiceAccount: account,
    authorityFile,
    authorityPem: authority.certificatePem,
    apnsServer: authority.issueServerCertificate(),
    proxy: {
      certificateFile: write('proxy-certificate.pem', proxy.certificatePem),
      keyFile: write('proxy-key.pem', proxy.privateKeyPem),
    },
  };
  write(FILE, JSON.stringify(certificates));
  return certificates;
}

export const readCertificates = (folder: string): DrillCertificates =>
  JSON.parse(readFileSync(path.join(folder, 'certificates', FILE), 'utf8')) as DrillCertificates;
