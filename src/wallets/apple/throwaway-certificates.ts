import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { bitString, bool, contextTag, element, NULL, octetString, oid, sequence, setOf, time } from './der.js';
import { readElements, unsignedInteger, utf8String } from './der.js';
import { OID } from './object-identifiers.js';

const DAY_MS = 86_400_000;

export interface PemPair {
  certificatePem: string;
  privateKeyPem: string;
}

export interface ThrowawayAuthority extends PemPair {
  /** A leaf like Apple's Pass Type ID certificates: RSA-2048, signs passes and is the TLS client certificate of pushes. */
  issuePassTypeCertificate(input: {
    passTypeIdentifier: string;
    teamIdentifier: string;
    organizationName: string;
    /** Days of validity from now, 365 by default; below zero for an expired one. */
    days?: number;
  }): PemPair;
  /** A TLS server certificate for these DNS names and IP addresses. */
  issueServerCertificate(input?: { names?: string[] }): PemPair;
}

type Name = [attribute: string, value: string][];
type Extension = { id: string; critical?: boolean; value: Buffer };

const distinguishedName = (name: Name): Buffer =>
  sequence(...name.map(([attribute, value]) => setOf(sequence(oid(attribute), utf8String(value)))));

const extension = ({ id, critical, value }: Extension): Buffer =>
  sequence(oid(id), ...(critical ? [bool(true)] : []), octetString(value));

const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** RFC 5280, 4.2.1.2: SHA-1 of the key's bit string, without its header and unused-bits byte. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const [spki] = readElements(spkiOf(publicKey));
  const key = readElements(spki!.content)[1]!;
  return createHash('sha1').update(key.content.subarray(1)).digest();
}

function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/**
 * A certificate authority for the demo and for tests that imitates Apple's WWDR intermediate. It lives in memory, and
 * nothing trusts it: wallets on real phones refuse passes signed under it. Generating RSA keys blocks for some 100 ms.
 */
export function createThrowawayAuthority(input: { commonName: string; now: () => number }): ThrowawayAuthority {
  const authorityName: Name = [
    [OID.commonName, input.commonName],
    [OID.organizationalUnit, 'Throw-away, for demonstration only'],
    [OID.organization, 'Passrelay'],
  ];
  const authority = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signatureAlgorithm = sequence(oid(OID.sha256WithRsa), NULL);

  const issue = (subject: Name, publicKey: KeyObject, days: number, extensions: Extension[]): string => {
    const now = input.now();
    const identified: Extension[] = [
      ...extensions,
      { id: OID.subjectKeyIdentifier, value: octetString(keyIdentifier(publicKey)) },
      {
        id: OID.authorityKeyIdentifier,
        value: sequence(element(contextTag(0, false), keyIdentifier(authority.publicKey))),
      },
    ];
    const toBeSigned = sequence(
      element(contextTag(0), unsignedInteger(Buffer.from([2]))), // X.509 version 3
      unsignedInteger(Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
      signatureAlgorithm,
      distinguishedName(authorityName),
      sequence(time(new Date(Math.min(now, now + days * DAY_MS) - DAY_MS)), time(new Date(now + days * DAY_MS))),
      distinguishedName(subject),
      spkiOf(publicKey),
      element(contextTag(3), sequence(...identified.map(extension))),
    );
    return pem(sequence(toBeSigned, signatureAlgorithm, bitString(sign('sha256', toBeSigned, authority.privateKey))));
  };

  const pair = (certificatePem: string, privateKey: KeyObject): PemPair => ({
    certificatePem,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  });
  const digitalSignature: Extension = {
    id: OID.keyUsage,
    critical: true,
    value: bitString(Buffer.from([0x80]), 7),
  };

  return {
    ...pair(
      issue(authorityName, authority.publicKey, 3650, [
        { id: OID.basicConstraints, critical: true, value: sequence(bool(true)) },
        { id: OID.keyUsage, critical: true, value: bitString(Buffer.from([0x06]), 1) }, // keyCertSign, cRLSign
      ]),
      authority.privateKey,
    ),
    issuePassTypeCertificate({ passTypeIdentifier, teamIdentifier, organizationName, days = 365 }) {
      const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const subject: Name = [
        [OID.userId, passTypeIdentifier],
        [OID.commonName, `Pass Type ID: ${passTypeIdentifier}`],
        [OID.organizationalUnit, teamIdentifier],
        [OID.organization, organizationName],
        [OID.country, 'US'],
      ];
      const certificatePem = issue(subject, key.publicKey, days, [
        { id: OID.basicConstraints, critical: true, value: sequence() },
        digitalSignature,
        { id: OID.extendedKeyUsage, value: sequence(oid(OID.clientAuth), oid(OID.applePassSigning)) },
        { id: OID.applePassTypeIdentifier, value: utf8String(passTypeIdentifier) },
      ]);
      return pair(certificatePem, key.privateKey);
    },
    issueServerCertificate({ names = ['localhost', '127.0.0.1'] } = {}) {
      const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const alternatives = names.map((name) =>
        isIP(name)
          ? element(contextTag(7, false), ipBytes(name))
          : element(contextTag(2, false), Buffer.from(name, 'latin1')),
      );
      const certificatePem = issue([[OID.commonName, names[0] ?? 'localhost']], key.publicKey, 365, [
        { id: OID.basicConstraints, critical: true, value: sequence() },
        digitalSignature,
        { id: OID.extendedKeyUsage, value: sequence(oid(OID.serverAuth)) },
        { id: OID.subjectAltName, value: sequence(...alternatives) },
      ]);
      return pair(certificatePem, key.privateKey);
    },
  };
}
