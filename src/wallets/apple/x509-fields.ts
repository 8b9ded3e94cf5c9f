import { readElements, readOid, TAG } from './der.js';

/** What node:crypto's X509Certificate does not hand out: raw issuer and serial number for CMS, names and extensions by object identifier. */
export interface X509Fields {
  /** The issuer's Name as encoded, header included. */
  issuer: Buffer;
  /** The serial number INTEGER as encoded, header included. */
  serialNumber: Buffer;
  /** Attribute object identifier to text; the first of several. */
  subject: Map<string, string>;
  /** Extension object identifier to the content of its OCTET STRING. */
  extensions: Map<string, Buffer>;
}

/** Reads these fields of a DER certificate (RFC 5280, section 4.1); throws RangeError where it is not one. */
export function readX509Fields(der: Buffer): X509Fields {
  const certificate = readElements(der)[0];
  const toBeSigned = certificate && readElements(certificate.content)[0];
  const members = toBeSigned ? readElements(toBeSigned.content) : [];
  if (members[0]?.tag === 0xa0) members.shift(); // version
  const [serialNumber, , issuer, , subjectName] = members;
  if (!serialNumber || !issuer || !subjectName) throw new RangeError('not an X.509 certificate');

  const subject = new Map<string, string>();
  for (const relative of readElements(subjectName.content)) {
    for (const attribute of readElements(relative.content)) {
      const [type, value] = readElements(attribute.content);
      if (!type || !value) continue;
      const name = readOid(type.content);
      if (!subject.has(name)) subject.set(name, value.content.toString('utf8'));
    }
  }

  const extensions = new Map<string, Buffer>();
  const block = members.find((member) => member.tag === 0xa3);
  const list = block && readElements(block.content)[0];
  for (const extension of list ? readElements(list.content) : []) {
    const [type, ...rest] = readElements(extension.content);
    const value = rest.find((member) => member.tag === TAG.octetString);
    if (type && value) extensions.set(readOid(type.content), value.content);
  }
  return { issuer: issuer.raw, serialNumber: serialNumber.raw, subject, extensions };
}
