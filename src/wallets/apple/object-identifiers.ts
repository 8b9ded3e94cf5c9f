/** Object identifiers of certificates and CMS messages, with the document each comes from. */
export const OID = {
  // RFC 5652 (CMS) and RFC 8017 (RSA)
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  rsaEncryption: '1.2.840.113549.1.1.1',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  sha256: '2.16.840.1.101.3.4.2.1',
  // RFC 4519 and RFC 5280 (names and extensions)
  userId: '0.9.2342.19200300.100.1.1',
  commonName: '2.5.4.3',
  country: '2.5.4.6',
  organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  // Apple's own arc: pass signing usage, and the extension that repeats the pass type identifier
  applePassSigning: '1.2.840.113635.100.4.14',
  applePassTypeIdentifier: '1.2.840.113635.100.6.1.16',
  appleNfcPasses: '1.2.840.113635.100.6.1.26',
} as const;
