import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { PermanentError } from '../../common/errors.js';
import { readElements } from './der.js';
import { OID } from './object-identifiers.js';
import { readX509Fields, type X509Fields } from './x509-fields.js';

const DAY_MS = 86_400_000;
/** Days ahead of expiry at which operators are warned. */
export const WARNING_DAYS = [60, 30, 7] as const;

/** A Pass Type ID certificate with its key and Apple's intermediate, parsed once. */
export interface SigningCertificate {
  leaf: X509Certificate;
  wwdr: X509Certificate;
  privateKey: KeyObject;
  /** Raw issuer and serial number as CMS repeats them. */
  issuer: Buffer;
  serialNumber: Buffer;
  /** Subject UID, subject OU and Apple's extension; empty where the certificate has none. */
  passTypeIdentifier: string;
  teamIdentifier: string;
  extensionIdentifier: string;
  /** Apple lets its passes speak to NFC terminals. */
  allowsNfc: boolean;
  /** Colon-separated SHA-256 of the leaf. */
  fingerprint256: string;
  notBefore: Date;
  notAfter: Date;
  /** Whole days until the leaf or the intermediate ends, whichever is first, counted when it was loaded. */
  daysLeft: number;
}

export interface CertificateProblem {
  /** `error`: passes would not install. `warning`: they do, but not for long. */
  severity: 'error' | 'warning';
  code: string;
  message: string;
  cure: string;
}

/** Whole days until the certificate chain ends; negative once it has. */
export function daysLeft(cert: Pick<SigningCertificate, 'notAfter' | 'wwdr'>, now: number): number {
  const end = Math.min(cert.notAfter.getTime(), Date.parse(cert.wwdr.validTo));
  return Math.floor((end - now) / DAY_MS);
}

function parseCertificate(pem: string, what: string): { certificate: X509Certificate; fields: X509Fields } {
  try {
    const certificate = new X509Certificate(pem);
    return { certificate, fields: readX509Fields(certificate.raw) };
  } catch (cause) {
    throw new PermanentError(
      'certificate-unreadable',
      `${what} cannot be read: give it as PEM ("-----BEGIN CERTIFICATE-----"). A .cer file from Apple becomes PEM by: openssl x509 -inform DER -in file.cer -out file.pem`,
      {},
      { cause },
    );
  }
}

function parsePrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  const encrypted = /ENCRYPTED/.test(pem);
  if (encrypted && passphrase === undefined) {
    throw new PermanentError('private-key-encrypted', 'The private key is encrypted: give its passphrase as well.');
  }
  let key: KeyObject;
  try {
    key = createPrivateKey(passphrase === undefined ? { key: pem } : { key: pem, passphrase });
  } catch (cause) {
    const cure = encrypted
      ? 'check the passphrase'
      : 'give it as PEM ("-----BEGIN PRIVATE KEY-----"); a .p12 file goes through the import command';
    // The cause may quote key material in later Node versions: its code is enough.
    const code = (cause as { code?: string }).code ?? 'unknown';
    throw new PermanentError('private-key-unreadable', `The private key cannot be read (${code}): ${cure}.`);
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new PermanentError(
      'private-key-not-rsa',
      `The private key is ${key.asymmetricKeyType ?? 'not asymmetric'}: Wallet passes are signed with RSA. Make a certificate request with an RSA-2048 key and have Apple issue the Pass Type ID certificate for it.`,
    );
  }
  return key;
}

/**
 * Parses what signs the passes of one pass type identifier. Throws PermanentError where a part cannot be read;
 * whether the parts fit each other is for `checkSigningCertificate` to say. `now` gives milliseconds since 1970.
 */
export function loadSigningCertificate(input: {
  certificatePem: string;
  privateKeyPem: string;
  passphrase?: string | undefined;
  wwdrPem: string;
  now: () => number;
}): SigningCertificate {
  const { certificate: leaf, fields } = parseCertificate(input.certificatePem, 'The Pass Type ID certificate');
  const { certificate: wwdr } = parseCertificate(input.wwdrPem, "Apple's intermediate certificate (WWDR)");
  const privateKey = parsePrivateKey(input.privateKeyPem, input.passphrase);
  const extension = fields.extensions.get(OID.applePassTypeIdentifier);
  const notAfter = new Date(leaf.validTo);
  return {
    leaf,
    wwdr,
    privateKey,
    issuer: fields.issuer,
    serialNumber: fields.serialNumber,
    passTypeIdentifier: fields.subject.get(OID.userId) ?? '',
    teamIdentifier: fields.subject.get(OID.organizationalUnit) ?? '',
    extensionIdentifier: extension ? extensionText(extension) : '',
    allowsNfc: fields.extensions.has(OID.appleNfcPasses),
    fingerprint256: leaf.fingerprint256,
    notBefore: new Date(leaf.validFrom),
    notAfter,
    daysLeft: daysLeft({ notAfter, wwdr }, input.now()),
  };
}

function extensionText(extension: Buffer): string {
  try {
    return readElements(extension)[0]?.content.toString('utf8') ?? '';
  } catch {
    return '';
  }
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

/**
 * Everything that would keep passes signed with this certificate from installing, or will soon; an empty list is good.
 * `teamIdentifier` is checked where it is given.
 */
export function checkSigningCertificate(
  cert: SigningCertificate,
  expected: { passTypeIdentifier: string; teamIdentifier?: string | undefined; now: () => number },
): CertificateProblem[] {
  const problems: CertificateProblem[] = [];
  const error = (code: string, message: string, cure: string): void => {
    problems.push({ severity: 'error', code, message, cure });
  };
  const now = expected.now();
  const wanted = expected.passTypeIdentifier;
  const otherCertificate = `Use the certificate that Apple issued for ${wanted || 'your pass type'} (Certificates, Identifiers & Profiles > Pass Type IDs).`;

  if (!cert.leaf.checkPrivateKey(cert.privateKey)) {
    error(
      'key-mismatch',
      'The private key does not belong to the certificate.',
      'Use the key that the certificate request was made with; a new request gives a new pair.',
    );
  }
  if (cert.passTypeIdentifier === '') {
    error(
      'pass-type-missing',
      'The certificate names no pass type identifier (no UID in its subject): it is no Pass Type ID certificate.',
      otherCertificate,
    );
  } else if (cert.passTypeIdentifier !== wanted) {
    error(
      'pass-type-mismatch',
      `The certificate is for ${cert.passTypeIdentifier}, the pass type says ${wanted}.`,
      otherCertificate,
    );
  }
  if (cert.passTypeIdentifier !== '' && cert.extensionIdentifier !== wanted) {
    const found = cert.extensionIdentifier || 'nothing';
    error(
      'pass-type-extension-mismatch',
      `The certificate's extension ${OID.applePassTypeIdentifier} names ${found}, not ${wanted}.`,
      otherCertificate,
    );
  }
  if (cert.teamIdentifier === '') {
    error(
      'team-missing',
      'The certificate names no team (no OU in its subject), which every pass must name.',
      otherCertificate,
    );
  } else if (expected.teamIdentifier !== undefined && cert.teamIdentifier !== expected.teamIdentifier) {
    error(
      'team-mismatch',
      `The certificate belongs to team ${cert.teamIdentifier}, the tenant says ${expected.teamIdentifier}.`,
      'Correct the team identifier (Apple Developer > Membership), or use the certificate of that team.',
    );
  }
  if (!cert.leaf.checkIssued(cert.wwdr) || !cert.leaf.verify(cert.wwdr.publicKey)) {
    error(
      'wrong-intermediate',
      'The certificate was not issued by the intermediate certificate given beside it.',
      'Download the intermediate that the certificate names as its issuer (today WWDR G4) from https://www.apple.com/certificateauthority/ and give it as PEM.',
    );
  }

  const intermediateEnd = new Date(cert.wwdr.validTo);
  if (now < cert.notBefore.getTime()) {
    error(
      'not-yet-valid',
      `The certificate is valid from ${day(cert.notBefore)} only.`,
      "Wait until then, or correct this machine's clock.",
    );
  }
  if (now > intermediateEnd.getTime()) {
    error(
      'intermediate-expired',
      `The intermediate certificate ended on ${day(intermediateEnd)}.`,
      'Download the current one (today WWDR G4) from https://www.apple.com/certificateauthority/.',
    );
  }
  if (now > cert.notAfter.getTime()) {
    error(
      'expired',
      `The certificate ended on ${day(cert.notAfter)}: new passes do not install, and pushes are refused.`,
      `Renew the certificate of ${wanted} at Apple and add it; installed passes stay.`,
    );
  }
  const left = daysLeft(cert, now);
  const threshold = [...WARNING_DAYS].reverse().find((days) => left <= days);
  if (threshold !== undefined && problems.every((problem) => !/expired$/.test(problem.code))) {
    problems.push({
      severity: 'warning',
      code: `expires-within-${threshold}-days`,
      message: `The certificate chain ends in ${left} days, on ${day(new Date(Math.min(+cert.notAfter, +intermediateEnd)))}.`,
      cure: `Renew the certificate of ${wanted} at Apple and add the new one beside it before then; both may be valid at once.`,
    });
  }
  return problems;
}
