import { PermanentError } from '../../common/errors.js';
import type { PemPair } from './throwaway-certificates.js';

/**
 * Takes certificate and key out of a .p12 as macOS Keychain exports it. Needs the optional dependency node-forge:
 * Keychain encrypts with RC2 and 3DES, which OpenSSL 3 no longer reads by default. Throws PermanentError with a cure.
 */
export async function importP12(bytes: Buffer, passphrase: string): Promise<PemPair> {
  const forge = await import('node-forge').then(
    (module) => module.default,
    () => {
      throw new PermanentError(
        'p12-import-unavailable',
        'Reading .p12 files needs the optional package node-forge: run "npm install node-forge", or convert the file with: openssl pkcs12 -legacy -in file.p12 -nodes -out file.pem',
      );
    },
  );
  let p12;
  try {
    p12 = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(bytes.toString('binary')), passphrase);
  } catch (cause) {
    throw new PermanentError(
      'p12-unreadable',
      'The .p12 file cannot be opened: check the passphrase given when it was exported, and that the file is complete.',
      {},
      { cause },
    );
  }
  const bagsOf = (type: string) => p12.getBags({ bagType: type })[type] ?? [];
  const { oids } = forge.pki;
  const keyBag = [...bagsOf(oids.pkcs8ShroudedKeyBag!), ...bagsOf(oids.keyBag!)].find((bag) => bag.key);
  const key = keyBag?.key;
  if (!key) {
    throw new PermanentError(
      'p12-without-key',
      'The .p12 file holds no private key: in Keychain Access, export the certificate together with the key shown beneath it.',
    );
  }
  const modulus = (key as { n?: { toString(radix: number): string } }).n?.toString(16);
  const certificate = bagsOf(oids.certBag!)
    .map((bag) => bag.cert)
    .find((cert) => (cert?.publicKey as { n?: { toString(radix: number): string } })?.n?.toString(16) === modulus);
  if (!certificate) {
    throw new PermanentError(
      'p12-without-certificate',
      'The .p12 file holds no certificate for its key: export the Pass Type ID certificate itself, not only its key.',
    );
  }
  const unixLines = (pem: string): string => pem.replace(/\r\n/g, '\n');
  return {
    certificatePem: unixLines(forge.pki.certificateToPem(certificate)),
    privateKeyPem: unixLines(
      forge.pki.privateKeyInfoToPem(forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key))),
    ),
  };
}
