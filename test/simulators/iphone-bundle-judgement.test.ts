import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PKPass } from 'passkit-generator';
import { BundleRefused, judgeBundle } from '../../src/simulators/iphone/bundle.js';
import { buildBundle, passJson, PNG, zip, type BundleChanges } from './support/bundle.js';
import { createTestCertificates, PASS_TYPE, type TestCertificates } from './support/certificates.js';

let certificates: TestCertificates;
before(() => (certificates = createTestCertificates()));
after(() => certificates.remove());

const rules = () => ({ caPem: certificates.rootPem, developerMode: true, now: Date.now() });
const problemsOf = (bytes: Buffer, changes: object = {}): readonly string[] => {
  try {
    judgeBundle(bytes, { ...rules(), ...changes });
    return [];
  } catch (error) {
    assert.ok(error instanceof BundleRefused, String(error));
    return error.problems;
  }
};
const card = (...fields: object[]): Record<string, unknown> => ({ storeCard: { headerFields: fields } });

test('a right bundle signed by openssl is accepted', () => {
  const judged = judgeBundle(buildBundle(certificates), rules());
  assert.equal(judged.content.serialNumber, 'serial-1');
  assert.equal(judged.content.style, 'storeCard');
  assert.deepEqual(
    judged.content.fields.map(({ key }) => key),
    ['points', 'tier'],
  );
});

test('a bundle made and signed by passkit-generator is accepted', () => {
  const pass = new PKPass(
    { 'pass.json': Buffer.from(JSON.stringify(passJson())), 'icon.png': PNG, 'icon@2x.png': PNG },
    { wwdr: certificates.wwdrPem, signerCert: certificates.leafPem, signerKey: certificates.leafKeyPem },
  );
  assert.equal(judgeBundle(pass.getAsBuffer(), rules()).content.passTypeIdentifier, PASS_TYPE);
});

test('the same WWDR certificate serves as the trusted authority, too', () => {
  assert.deepEqual(problemsOf(buildBundle(certificates), { caPem: certificates.wwdrPem }), []);
});

const brokenBundles: [string, (made: TestCertificates) => BundleChanges, RegExp][] = [
  [
    'a file changed after signing',
    () => ({ tampered: { 'icon.png': Buffer.concat([PNG, PNG]) } }),
    /icon\.png does not match its hash/,
  ],
  ['a file that the manifest does not list', () => ({ tampered: { 'logo.png': PNG } }), /does not list logo\.png/],
  [
    'a listed file that is absent',
    () => ({ manifest: (hashes) => ({ ...hashes, 'logo.png': 'a'.repeat(40) }) }),
    /lists logo\.png/,
  ],
  [
    'an upper-case hash',
    () => ({ manifest: (hashes) => ({ ...hashes, 'icon.png': hashes['icon.png']?.toUpperCase() }) }),
    /icon\.png does not match/,
  ],
  [
    'a manifest changed after signing',
    (made) => ({ signature: (manifest) => made.sign(Buffer.concat([manifest, Buffer.from(' ')])) }),
    /messageDigest does not match/,
  ],
  [
    'a signature with one bit turned',
    (made) => ({
      signature: (manifest) => {
        const signature = made.sign(manifest);
        signature.writeUInt8(signature.readUInt8(signature.length - 9) ^ 1, signature.length - 9);
        return signature;
      },
    }),
    /does not verify/,
  ],
  [
    'a signature that carries its content',
    (made) => ({ signature: (manifest) => made.sign(manifest, 'leaf', ['-nodetach']) }),
    /not detached/,
  ],
  [
    'a signature without signed attributes',
    (made) => ({ signature: (manifest) => made.sign(manifest, 'leaf', ['-noattr']) }),
    /no signed attributes/,
  ],
  [
    'a signature without the WWDR certificate',
    (made) => ({ signature: (manifest) => made.sign(manifest, 'leaf', []) }),
    /WWDR certificate .* not included/,
  ],
  [
    'a signature by a stranger of the same name',
    (made) => ({ signature: (manifest) => made.sign(manifest, 'forgedLeaf') }),
    /trusted authority/,
  ],
  [
    'a signature for another pass type',
    (made) => ({ signature: (manifest) => made.sign(manifest, 'otherLeaf') }),
    /differs from the UID/,
  ],
  ['no signature', () => ({ signature: () => Buffer.alloc(0) }), /signature/],
  ['no retina icon', () => ({ files: { 'icon@2x.png': undefined } }), /icon@2x\.png is missing/],
  ['an icon that is no PNG', () => ({ files: { 'icon.png': Buffer.from('GIF89a') } }), /not a PNG/],
  [
    'a broken pass.strings',
    () => ({ files: { 'de.lproj/pass.strings': Buffer.from('"Points" = "Punkte"') } }),
    /pass\.strings: line 1/,
  ],
  ['another team', () => ({ json: passJson({ teamIdentifier: 'OTHER12345' }) }), /differs from the OU/],
  ['a text as format version', () => ({ json: passJson({ formatVersion: '1' }) }), /formatVersion/],
  ['no description', () => ({ json: passJson({ description: undefined }) }), /description must be/],
  ['two styles', () => ({ json: passJson({ generic: {} }) }), /exactly one of/],
  [
    'a field key used twice',
    () => ({ json: passJson(card({ key: 'a', value: 1 }, { key: 'a', value: 2 })) }),
    /key a is used twice/,
  ],
  ['a field without value', () => ({ json: passJson(card({ key: 'a' })) }), /must have a value/],
  [
    'a date field without zone',
    () => ({ json: passJson(card({ key: 'a', value: '2026-01-01T10:00', dateStyle: 'PKDateStyleShort' })) }),
    /ISO 8601/,
  ],
  ['a short token', () => ({ json: passJson({ authenticationToken: 'fifteen-charact' }) }), /at least 16/],
  ['a web service without token', () => ({ json: passJson({ authenticationToken: undefined }) }), /must come together/],
  [
    'http to another machine',
    () => ({ json: passJson({ webServiceURL: 'http://example.com/apple' }) }),
    /must be https/,
  ],
  ['a colour in hexadecimal', () => ({ json: passJson({ backgroundColor: '#ffffff' }) }), /backgroundColor/],
  ['a colour out of range', () => ({ json: passJson({ labelColor: 'rgb(0, 0, 256)' }) }), /labelColor/],
  ['an expiration without zone', () => ({ json: passJson({ expirationDate: '2026-12-31' }) }), /expirationDate/],
  [
    'a barcode of no known format',
    () => ({ json: passJson({ barcodes: [{ format: 'QR', message: 'x', messageEncoding: 'iso-8859-1' }] }) }),
    /barcode format/,
  ],
  [
    'a barcode beyond its encoding',
    () => ({
      json: passJson({ barcodes: [{ format: 'PKBarcodeFormatQR', message: '日本', messageEncoding: 'iso-8859-1' }] }),
    }),
    /cannot be expressed/,
  ],
];
for (const [name, change, problem] of brokenBundles) {
  test(`refused for one reason: ${name}`, () => {
    const problems = problemsOf(buildBundle(certificates, change(certificates)));
    assert.equal(problems.length, 1, problems.join(' | '));
    assert.match(String(problems[0]), problem);
  });
}

test('refused: http to this machine outside developer mode, and certificates of another time', () => {
  const bytes = buildBundle(certificates);
  assert.match(problemsOf(bytes, { developerMode: false }).join(), /must be https/);
  assert.match(problemsOf(bytes, { now: Date.now() + 40 * 86_400_000 }).join(), /not valid today/);
});

test('refused: zips that are cut off, corrupt or lead outside', () => {
  const bytes = buildBundle(certificates);
  assert.match(problemsOf(bytes.subarray(0, bytes.length - 1)).join(), /no end of central directory/);
  const corrupt = Buffer.from(bytes);
  const at = corrupt.indexOf('Example Coffee');
  corrupt.write('Exbmple', at);
  assert.match(problemsOf(corrupt).join(), /wrong checksum/);
  assert.match(problemsOf(zip({ '../pass.json': Buffer.from('{}') })).join(), /leaves the bundle/);
});

test('strings in UTF-16 with comments are read', () => {
  const strings = '/* head */\n"Points" = "Punkte \\"neu\\"";\n// tail\n"A" = "B";\n';
  const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(strings, 'utf16le')]);
  const judged = judgeBundle(buildBundle(certificates, { files: { 'de.lproj/pass.strings': bytes } }), rules());
  assert.equal(judged.translations.get('de')?.get('Points'), 'Punkte "neu"');
  assert.equal(judged.translations.get('de')?.get('A'), 'B');
});
