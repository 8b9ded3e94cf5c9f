import { PermanentError } from '../common/errors.js';
import {
  checkSigningCertificate,
  loadSigningCertificate,
  type SigningCertificate,
} from '../wallets/apple/certificates.js';
import type { FolderProblem } from './folder-problem.js';
import type { CertificateTexts, TenantFolder } from './read-folder.js';

/** Lower-case hex, as the database names a certificate. */
export const fingerprintOf = (certificate: SigningCertificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();

/** The parsed certificate of one entry; throws PermanentError where a part cannot be read. */
export const loadCertificate = (texts: CertificateTexts, now: () => number): SigningCertificate =>
  loadSigningCertificate({
    certificatePem: texts.certificatePem,
    privateKeyPem: texts.privateKeyPem,
    passphrase: texts.passphrase,
    wwdrPem: texts.wwdrPem,
    now,
  });

/** What keeps the listed certificates from signing, and pass types that none of them signs. Warnings do not count. */
export function checkCertificates(folder: TenantFolder, options: { now: () => number }): FolderProblem[] {
  const problems: FolderProblem[] = [];
  const loaded: { path: string; teamIdentifier?: string | undefined; certificate: SigningCertificate }[] = [];
  for (const texts of folder.certificates) {
    try {
      const { teamIdentifier } = texts.files;
      loaded.push({ path: texts.path, teamIdentifier, certificate: loadCertificate(texts, options.now) });
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      const [message = '', ...cure] = error.message.split(/: (?=[a-z])/);
      problems.push({
        file: 'tenant.json',
        path: `${texts.path}${error.code.startsWith('private-key') ? '/privateKeyFile' : ''}`,
        message: `${message.replace(/\.$/, '')}.`,
        cure: cure.join(': ') || 'replace the file.',
      });
    }
  }

  const signing = new Set<string>();
  for (const { path, teamIdentifier, certificate } of loaded) {
    // A certificate names its own pass type; whether a pass type has one is asked below.
    const errors = checkSigningCertificate(certificate, {
      passTypeIdentifier: certificate.passTypeIdentifier,
      // The passes of a type stay with one team: while rotating, with that of the entry before.
      teamIdentifier:
        teamIdentifier ??
        loaded.find((other) => other.certificate.passTypeIdentifier === certificate.passTypeIdentifier)?.certificate
          .teamIdentifier,
      now: options.now,
    }).filter(({ severity, code }) => severity === 'error' && !isReplaced(code, certificate, loaded, options.now()));
    problems.push(...errors.map(({ message, cure }) => ({ file: 'tenant.json', path, message, cure })));
    // A certificate that names no pass type signs none; its own problem says so.
    if (certificate.passTypeIdentifier) signing.add(certificate.passTypeIdentifier);
  }
  problems.push(
    ...checkNfcCertificates(
      folder,
      loaded.map(({ certificate }) => certificate),
    ),
  );
  for (const { file, design } of folder.passTypes) {
    if (!design.apple || signing.has(design.apple.passTypeIdentifier)) continue;
    // Where a certificate could not even be read, its own problem says enough.
    if (folder.unreadableCertificates > 0 || loaded.length < folder.certificates.length) continue;
    const others = [...signing].join(', ');
    problems.push({
      file,
      path: '/apple/passTypeIdentifier',
      message: `no certificate of tenant.json signs ${design.apple.passTypeIdentifier}${others ? ` (they sign ${others})` : ''}.`,
      cure: 'add its certificate, key and WWDR file to "certificates" in tenant.json, or correct the identifier.',
    });
  }
  return problems;
}

/** A pass with NFC under a certificate without Apple's leave for it is refused by every phone. */
function checkNfcCertificates(folder: TenantFolder, certificates: readonly SigningCertificate[]): FolderProblem[] {
  return folder.passTypes.flatMap(({ file, design: { apple } }): FolderProblem[] => {
    const signing = certificates.filter(({ passTypeIdentifier }) => passTypeIdentifier === apple?.passTypeIdentifier);
    if (!apple?.nfc || signing.length === 0 || signing.some(({ allowsNfc }) => allowsNfc)) return [];
    return [
      {
        file,
        path: '/apple/nfc',
        message: `the certificate of ${apple.passTypeIdentifier} is not for NFC: no phone takes a pass with nfc under it.`,
        cure: 'have Apple issue an NFC certificate for the pass type identifier, or remove nfc.',
      },
    ];
  });
}

/** While rotating, an old certificate may end, or a new one not have begun, as long as another one signs the same type. */
function isReplaced(
  code: string,
  certificate: SigningCertificate,
  all: readonly { certificate: SigningCertificate }[],
  now: number,
): boolean {
  if (code !== 'expired' && code !== 'not-yet-valid') return false;
  return all.some(
    ({ certificate: other }) =>
      other !== certificate &&
      other.passTypeIdentifier === certificate.passTypeIdentifier &&
      other.notBefore.getTime() <= now &&
      now < other.notAfter.getTime(),
  );
}
