import { createHash, verify, X509Certificate } from 'node:crypto';
import { childrenOf, DER, oidOf, readDer, timeOf, valueOf, type DerElement } from './der.js';

const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  passTypeId: '1.2.840.113635.100.6.1.16',
};
const DIGESTS: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
};

/** Who signed: from the leaf certificate's subject. */
export interface Signer {
  readonly passTypeIdentifier: string | undefined;
  readonly teamIdentifier: string | undefined;
}

/**
 * Verifies a detached CMS signature over the manifest's exact bytes: one signer with signed attributes, its issuer included in the
 * bundle, and with `caPem` a chain to it. `now` in milliseconds. Throws an Error naming the first fault.
 */
export function verifySignature(
  signature: Buffer,
  manifest: Buffer,
  trust: { readonly caPem?: string | readonly string[]; readonly now: number },
): Signer {
  const { certificates, signerInfo } = parseSignedData(signature);
  const leaf = verifySigner(signerInfo, certificates, manifest);
  verifyChain(leaf, certificates, trust);
  const subject = leaf.toLegacyObject().subject as unknown as { UID?: string; OU?: string };
  const extension = passTypeExtension(leaf);
  if (extension !== undefined && extension !== subject.UID)
    throw new Error('the pass type extension of the certificate differs from its UID');
  return { passTypeIdentifier: subject.UID, teamIdentifier: subject.OU };
}

function parseSignedData(signature: Buffer): { certificates: X509Certificate[]; signerInfo: DerElement[] } {
  const [contentInfo, trailing] = readDer(signature);
  if (trailing !== undefined) throw new Error('bytes after the CMS structure');
  const [type, wrapped] = childrenOf(contentInfo, DER.sequence);
  if (oidOf(type) !== OID.signedData) throw new Error('not CMS SignedData');
  const [, , content, ...rest] = childrenOf(childrenOf(wrapped, DER.context0)[0], DER.sequence);
  const [contentType, embedded] = childrenOf(content, DER.sequence);
  if (oidOf(contentType) !== OID.data) throw new Error('the content type is not data');
  if (embedded !== undefined) throw new Error('not detached, it carries its content');
  const bag = rest.find(({ tag }) => tag === DER.context0);
  if (bag === undefined) throw new Error('carries no certificates');
  const signers = childrenOf(rest.at(-1), DER.set);
  if (signers.length !== 1) throw new Error('there must be exactly one signer');
  return {
    certificates: readDer(bag.value).map(({ raw }) => new X509Certificate(raw)),
    signerInfo: childrenOf(signers[0], DER.sequence),
  };
}

function verifySigner(
  [, sid, digestAlgorithm, attributes, , value]: DerElement[],
  certificates: readonly X509Certificate[],
  manifest: Buffer,
): X509Certificate {
  const [issuer, serial] = childrenOf(sid, DER.sequence);
  const certificate = certificates.find((candidate) => {
    const names = issuerAndSerial(candidate);
    return names.issuer.equals(issuer?.raw as Buffer) && names.serial.equals(serial?.raw as Buffer);
  });
  if (certificate === undefined) throw new Error("the signer's certificate is not included");
  const digest = DIGESTS[oidOf(childrenOf(digestAlgorithm, DER.sequence)[0])];
  if (digest === undefined) throw new Error('the digest is neither SHA-256 nor SHA-1');
  if (attributes?.tag !== DER.context0) throw new Error('no signed attributes');

  const attribute = (oid: string, name: string): DerElement | undefined => {
    const found = readDer(attributes.value).filter((one) => oidOf(childrenOf(one, DER.sequence)[0]) === oid);
    if (found.length !== 1) throw new Error(`signed attribute ${name} must be there once`);
    return childrenOf(childrenOf(found[0], DER.sequence)[1], DER.set)[0];
  };
  if (oidOf(attribute(OID.contentType, 'contentType')) !== OID.data)
    throw new Error('signed attribute contentType is not data');
  timeOf(attribute(OID.signingTime, 'signingTime'));
  const expected = createHash(digest).update(manifest).digest();
  if (!expected.equals(valueOf(attribute(OID.messageDigest, 'messageDigest'), DER.octets)))
    throw new Error('messageDigest does not match manifest.json');

  // Signed as a SET (0x31), although embedded under the tag [0].
  const signed = Buffer.concat([Buffer.from([DER.set]), attributes.raw.subarray(1)]);
  if (!verify(digest, signed, certificate.publicKey, valueOf(value, DER.octets)))
    throw new Error('does not verify with the key of its certificate');
  return certificate;
}

function verifyChain(
  leaf: X509Certificate,
  included: readonly X509Certificate[],
  { caPem, now }: { readonly caPem?: string | readonly string[]; readonly now: number },
): void {
  const issuedBy = (child: X509Certificate, parent: X509Certificate): boolean =>
    parent.ca && child.checkIssued(parent) && child.verify(parent.publicKey);
  const intermediate = included.find((one) => one.fingerprint256 !== leaf.fingerprint256 && issuedBy(leaf, one));
  if (intermediate === undefined) throw new Error('the WWDR certificate that issued the signer is not included');
  for (const certificate of [leaf, intermediate]) {
    const { from, to } = validity(certificate);
    if (now < from || now > to) throw new Error('a certificate of the chain is not valid today');
  }
  if (caPem === undefined) return;
  const trusted = [caPem].flat().flatMap(certificatesIn);
  const anchored = trusted.some(
    (root) => root.fingerprint256 === intermediate.fingerprint256 || issuedBy(intermediate, root),
  );
  if (!anchored) throw new Error('the chain does not end in a trusted authority');
}

function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (one) => new X509Certificate(one),
  );
}

const validity = (certificate: X509Certificate): { from: number; to: number } => ({
  from: Date.parse(certificate.validFrom),
  to: Date.parse(certificate.validTo),
});

function toBeSigned(certificate: X509Certificate): DerElement[] {
  return childrenOf(childrenOf(readDer(certificate.raw)[0], DER.sequence)[0], DER.sequence);
}

function issuerAndSerial(certificate: X509Certificate): { issuer: Buffer; serial: Buffer } {
  const fields = toBeSigned(certificate);
  const first = fields[0]?.tag === DER.context0 ? 1 : 0;
  return { serial: fields[first]?.raw as Buffer, issuer: fields[first + 2]?.raw as Buffer };
}

function passTypeExtension(certificate: X509Certificate): string | undefined {
  const extensions = toBeSigned(certificate).find(({ tag }) => tag === DER.context3);
  if (extensions === undefined) return undefined;
  for (const extension of childrenOf(readDer(extensions.value)[0], DER.sequence)) {
    const parts = childrenOf(extension, DER.sequence);
    if (oidOf(parts[0]) === OID.passTypeId)
      return readDer(valueOf(parts.at(-1), DER.octets))[0]?.value.toString('utf8');
  }
  return undefined;
}
