import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PASS_TYPE = 'pass.com.example.loyalty';
export const TEAM = 'TEAM123456';

/** Certificates made by the openssl command, so that the simulators are judged by nobody who shares their code. */
export interface TestCertificates {
  readonly rootPem: string;
  readonly wwdrPem: string;
  readonly leafPem: string;
  readonly leafKeyPem: string;
  /** A leaf for another pass type under the same authority. */
  readonly otherLeafPem: string;
  readonly otherLeafKeyPem: string;
  /** The same subject as the leaf, issued by a stranger who calls itself the same. */
  readonly forgedLeafPem: string;
  readonly forgedLeafKeyPem: string;
  readonly forgedWwdrPem: string;
  readonly serverPem: string;
  readonly serverKeyPem: string;
  /** A detached CMS signature over these bytes by `openssl smime -sign`. */
  sign(content: Buffer, by?: 'leaf' | 'otherLeaf' | 'forgedLeaf', options?: readonly string[]): Buffer;
  remove(): void;
}

const AUTHORITY = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n';

const leafExtensions = (passType: string): string =>
  `basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=clientAuth,1.2.840.113635.100.4.14\n1.2.840.113635.100.6.1.16=ASN1:UTF8String:${passType}\n`;

export function createTestCertificates(): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), 'passrelay-certificates-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const read = (name: string): string => readFileSync(at(name), 'utf8');

  const issue = (name: string, subject: string, extensions: string, issuer?: string): void => {
    writeFileSync(at(`${name}.ext`), extensions);
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      at(`${name}.key`),
      '-out',
      at(`${name}.csr`),
      '-subj',
      subject,
    );
    const signer = issuer
      ? ['-CA', at(`${issuer}.pem`), '-CAkey', at(`${issuer}.key`), '-CAcreateserial']
      : ['-signkey', at(`${name}.key`)];
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...signer,
      '-days',
      '30',
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.pem`),
    );
  };
  const leafSubject = (passType: string): string =>
    `/UID=${passType}/CN=Pass Type ID: ${passType}/OU=${TEAM}/O=Example/C=US`;

  issue('root', '/CN=Test Root/O=Example', AUTHORITY);
  issue('wwdr', '/CN=Test WWDR/O=Example', AUTHORITY, 'root');
  issue('leaf', leafSubject(PASS_TYPE), leafExtensions(PASS_TYPE), 'wwdr');
  issue('otherLeaf', leafSubject('pass.com.example.other'), leafExtensions('pass.com.example.other'), 'wwdr');
  issue('forgedWwdr', '/CN=Test WWDR/O=Example', AUTHORITY);
  issue('forgedLeaf', leafSubject(PASS_TYPE), leafExtensions(PASS_TYPE), 'forgedWwdr');
  issue('server', '/CN=localhost', 'subjectAltName=IP:127.0.0.1,DNS:localhost\n', 'root');

  return {
    rootPem: read('root.pem'),
    wwdrPem: read('wwdr.pem'),
    leafPem: read('leaf.pem'),
    leafKeyPem: read('leaf.key'),
    otherLeafPem: read('otherLeaf.pem'),
    otherLeafKeyPem: read('otherLeaf.key'),
    forgedLeafPem: read('forgedLeaf.pem'),
    forgedLeafKeyPem: read('forgedLeaf.key'),
    forgedWwdrPem: read('forgedWwdr.pem'),
    serverPem: read('server.pem'),
    serverKeyPem: read('server.key'),
    sign(content, by = 'leaf', options = ['-certfile', at(by === 'forgedLeaf' ? 'forgedWwdr.pem' : 'wwdr.pem')]) {
      writeFileSync(at('content'), content);
      return openssl(
        'smime',
        '-sign',
        '-binary',
        '-md',
        'sha256',
        '-outform',
        'DER',
        '-in',
        at('content'),
        '-signer',
        at(`${by}.pem`),
        '-inkey',
        at(`${by}.key`),
        ...options,
      );
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
