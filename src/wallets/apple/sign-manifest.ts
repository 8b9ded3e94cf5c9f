import { createHash, sign as signWith } from 'node:crypto';
import type { SigningCertificate } from './certificates.js';
import { contextTag, element, NULL, octetString, oid, sequence, setOf, TAG, time, unsignedInteger } from './der.js';
import { OID } from './object-identifiers.js';

export interface ManifestSigner {
  /** Detached CMS signature (DER) over the exact bytes; RSA runs in libuv's thread pool, so the event loop stays free. */
  sign(manifest: Buffer, at: Date): Promise<Buffer>;
  /** The same on the calling thread, for measurements. */
  signSync(manifest: Buffer, at: Date): Buffer;
}

const attribute = (type: string, value: Buffer): Buffer => sequence(oid(type), setOf(value));

/**
 * Signs manifests with one certificate. CMS SignedData (RFC 5652), detached, with leaf and intermediate inside.
 * The digest is SHA-256 as in passes that Apple signs itself; only the manifest's file hashes are SHA-1 by Apple's rule.
 */
export function createSigner(
  cert: Pick<SigningCertificate, 'leaf' | 'wwdr' | 'privateKey' | 'issuer' | 'serialNumber'>,
): ManifestSigner {
  const one = unsignedInteger(Buffer.from([1]));
  // RFC 5754, section 2: parameters of SHA-2 identifiers are absent.
  const digestAlgorithm = sequence(oid(OID.sha256));
  const beforeSigner = Buffer.concat([
    one,
    setOf(digestAlgorithm),
    sequence(oid(OID.data)),
    element(contextTag(0), cert.leaf.raw, cert.wwdr.raw),
  ]);
  const beforeAttributes = Buffer.concat([one, sequence(cert.issuer, cert.serialNumber), digestAlgorithm]);
  const signatureAlgorithm = sequence(oid(OID.rsaEncryption), NULL);
  const signedDataType = oid(OID.signedData);
  const contentType = attribute(OID.contentType, oid(OID.data));

  /** As signed: with the universal SET tag. In the message the same bytes carry [0] (RFC 5652, section 5.4). */
  const signedAttributes = (manifest: Buffer, at: Date): Buffer =>
    setOf(
      contentType,
      attribute(OID.signingTime, time(at)),
      attribute(OID.messageDigest, octetString(createHash('sha256').update(manifest).digest())),
    );

  const message = (attributes: Buffer, signature: Buffer): Buffer => {
    const embedded = Buffer.from(attributes);
    embedded[0] = contextTag(0);
    const signer = sequence(beforeAttributes, embedded, signatureAlgorithm, octetString(signature));
    const signedData = sequence(beforeSigner, element(TAG.set, signer));
    return sequence(signedDataType, element(contextTag(0), signedData));
  };

  return {
    sign: (manifest, at) =>
      new Promise((resolve, reject) => {
        const attributes = signedAttributes(manifest, at);
        signWith('sha256', attributes, cert.privateKey, (error, signature) => {
          if (error) reject(error);
          else resolve(message(attributes, signature));
        });
      }),
    signSync(manifest, at) {
      const attributes = signedAttributes(manifest, at);
      return message(attributes, signWith('sha256', attributes, cert.privateKey));
    },
  };
}
