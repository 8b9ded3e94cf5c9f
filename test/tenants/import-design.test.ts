import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { zipSync } from 'fflate';
import { main } from '../../src/cli/main.js';
import { validateTenantFolder } from '../../src/tenants/check-folder.js';
import { importDesign } from '../../src/tenants/import-design.js';
import { readBundle } from '../../src/tenants/read-bundle.js';
import { readStrings } from '../../src/tenants/read-strings.js';
import { copyTenantFolder, editJson } from '../support/tenant-folder.js';

const images = new URL('../../tenants/demo/pass-types/basic/', import.meta.url);
const image = (name: string): Buffer => readFileSync(new URL(name, images));

const TERMS = 'A book for every ten that you have bought here, within twelve months. Ask at the counter.';
const PASS = {
  formatVersion: 1,
  passTypeIdentifier: 'pass.com.example.books',
  teamIdentifier: 'ABCDE12345',
  serialNumber: 'S-1',
  authenticationToken: 'secret-secret-secret',
  webServiceURL: 'https://old.example/apple',
  organizationName: 'Lumen Books',
  description: 'Lumen reader card',
  backgroundColor: 'rgb(10, 20, 60)',
  groupingIdentifier: '',
  stripColor: 'rgb(1, 2, 3)',
  storeCard: {
    headerFields: [{ _id: '5E1', key: 'points', label: 'POINTS', value: 250, changeMessage: 'Now %@.' }],
    primaryFields: [{ key: 'holder', label: 'READER', value: 'Jane Roe', textAlignment: 'PKTextAlignmentNatural' }],
    backFields: [
      { key: 'terms', label: 'Terms', value: TERMS },
      { key: 'since', label: 'Since', value: '2026-01-31T00:00:00Z', dateStyle: 'PKDateStyleShort' },
    ],
  },
  barcodes: [{ format: 'PKBarcodeFormatQR', message: 'S-1', messageEncoding: 'iso-8859-1' }],
};
const GERMAN = '/* German */\n"POINTS" = "PUNKTE";\n"Now %@." = "Jetzt \\"%@\\".";\n';

const files = (extra: Record<string, Buffer> = {}): Record<string, Buffer> => ({
  'pass.json': Buffer.from(JSON.stringify(PASS)),
  'icon@2x.png': image('icon@2x.png'),
  'logo.png': image('logo.png'),
  'de.lproj/pass.strings': Buffer.from(GERMAN),
  'de.lproj/logo.png': image('logo@2x.png'),
  'manifest.json': Buffer.from('{}'),
  signature: Buffer.from('x'),
  ...extra,
});

let root: string;
before(() => void (root = mkdtempSync(join(tmpdir(), 'passrelay-import-'))));
after(() => rmSync(root, { recursive: true }));

const zipped = (name: string, content: Record<string, Buffer>): string => {
  const path = join(root, name);
  writeFileSync(path, zipSync(content));
  return path;
};

test('a pass becomes a pass type: its keys are fields, and nothing of its holder stays', async () => {
  const {
    design,
    decisions,
    images: made,
  } = importDesign(await readBundle(zipped('a.pkpass', files())), {
    kind: 'pass',
  });
  assert.equal(design.name, 'lumen-reader-card');
  assert.deepEqual(
    design.fields.map(({ apiFieldName, type }) => [apiFieldName, type]),
    [
      ['points', 'number'],
      ['holder', 'text'],
      ['since', 'datetime'],
    ],
  );
  const text = JSON.stringify(design);
  for (const gone of ['Jane', 'S-1', 'secret', 'old.example', 'ABCDE12345', '_id', 'Natural', 'groupingIdentifier']) {
    assert.ok(!text.includes(gone), gone);
  }
  assert.equal(design.apple!.primaryFields[0]!.value, '{{holder}}');
  assert.equal(design.apple!.backFields[0]!.value, TERMS);
  assert.equal(design.apple!.barcodes[0]!.message, '{{pass.serialNumber}}');
  assert.deepEqual(design.apple!.extra, { stripColor: 'rgb(1, 2, 3)' });
  assert.deepEqual(design.apple!.localizations['de'], {
    strings: { POINTS: 'PUNKTE', 'Now %@.': 'Jetzt "%@".' },
    images: { logo: 'logo-de' },
  });
  assert.deepEqual([...made.keys()].sort(), ['icon.png', 'icon@2x.png', 'logo-de.png', 'logo.png']);
  for (const words of ['passTypeIdentifier', 'stripColor', 'holder', 'icon.png was made', 'terms on the back']) {
    assert.ok(
      decisions.some((decision) => decision.includes(words)),
      words,
    );
  }
});

test('a template of Pass Designer is read as a folder and as a zip with a wrapping folder', async () => {
  const folder = join(root, 'Card.pkpasstemplate');
  for (const [name, bytes] of Object.entries(files({ 'tooling.json': Buffer.from('{') }))) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  const wrapped = Object.fromEntries(
    Object.entries(files()).map(([name, bytes]) => [`Card.pkpasstemplate/${name}`, bytes]),
  );
  const zip = zipped('Card.pkpasstemplate.zip', {
    ...wrapped,
    '__MACOSX/Card.pkpasstemplate/pass.json': Buffer.from(''),
  });
  const [ofFolder, ofZip] = await Promise.all(
    [folder, zip].map(async (path) => importDesign(await readBundle(path), { kind: 'template' })),
  );
  assert.deepEqual(ofFolder!.design, ofZip!.design);
  assert.ok(ofFolder!.decisions.some((decision) => decision.includes('the template shows 250')));
  assert.ok(
    ofFolder!.design.fields.every((field) => field.default === undefined),
    'a sample is no default',
  );
});

test('the command writes a folder that validates once its certificate is named', async () => {
  const tenant = copyTenantFolder();
  try {
    const out: string[] = [];
    const io = { out: (line: string) => void out.push(line), err: (line: string) => void out.push(line) };
    const bundle = zipped('b.pkpass', files());
    assert.equal(
      await main(['pass-type', 'import', bundle, '--to', tenant, '--name', 'books'], {}, io),
      0,
      out.join('\n'),
    );
    assert.match(out.join('\n'), /To decide:[\s\S]*passTypeIdentifier/);
    const basic = JSON.parse(readFileSync(join(tenant, 'pass-types/basic.json'), 'utf8')) as {
      apple: { passTypeIdentifier: string };
    };
    editJson(tenant, 'pass-types/books.json', (json) => {
      (json as { apple: { passTypeIdentifier: string } }).apple.passTypeIdentifier = basic.apple.passTypeIdentifier;
    });
    const { problems } = await validateTenantFolder(tenant, { now: Date.now, environment: {} });
    assert.deepEqual(problems, []);
    assert.equal(await main(['pass-type', 'import', bundle, '--to', tenant, '--name', 'books'], {}, io), 1);
    assert.match(out.at(-1)!, /books\.json exists: choose another --name/);
  } finally {
    rmSync(tenant, { recursive: true });
  }
});

test('what is no pass is refused by name', async () => {
  const text = join(root, 'notes.txt');
  writeFileSync(text, 'hello');
  await assert.rejects(readBundle(text), /is no zip archive/);
  await assert.rejects(readBundle(join(root, 'absent.pkpass')), /does not exist/);
  await assert.rejects(readBundle(zipped('c.zip', { 'a.txt': Buffer.from('a') })), /holds no pass\.json/);
  const broken = await readBundle(zipped('d.pkpass', files({ 'pass.json': Buffer.from('{"a":1,}') })));
  assert.throws(() => importDesign(broken, { kind: 'pass' }), /pass\.json/);
  const bare = await readBundle(zipped('e.pkpass', files({ 'pass.json': Buffer.from('{}') })));
  assert.throws(() => importDesign(bare, { kind: 'pass' }), /none of the styles/);
});

test('a hostile or broken archive costs a sentence, not the machine, and writes nothing outside', async () => {
  const heavy = zipped('bomb.pkpass', files({ 'bomb.png': Buffer.alloc(60_000_000) }));
  await assert.rejects(readBundle(heavy), /larger than any pass/);
  const many = Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [`${n}.txt`, Buffer.from('x')]));
  await assert.rejects(readBundle(zipped('many.pkpass', files(many))), /larger than any pass/);
  // A header that says less than there is: no more is unpacked than it says.
  const lying = readFileSync(zipped('lying.pkpass', files({ 'note.txt': Buffer.alloc(100_000, 'a') })));
  for (let at = lying.indexOf('504b0102', 0, 'hex'); at !== -1; at = lying.indexOf('504b0102', at + 4, 'hex')) {
    if (lying.readUInt32LE(at + 24) === 100_000) lying.writeUInt32LE(10, at + 24);
  }
  writeFileSync(join(root, 'lying.pkpass'), lying);
  const read = await readBundle(join(root, 'lying.pkpass')).catch((error: Error) => error);
  if (read instanceof Error) assert.match(read.message, /lying\.pkpass is a broken zip/);
  else assert.ok(read.get('note.txt')!.length <= 10, 'not more than the archive says');

  const cut = readFileSync(zipped('cut.pkpass', files())).subarray(0, 400);
  for (const [name, bytes] of Object.entries({ 'empty.pkpass': Buffer.alloc(0), 'cut.pkpass': cut })) {
    writeFileSync(join(root, name), bytes);
    await assert.rejects(readBundle(join(root, name)), new RegExp(`${name} is (?:no|a broken) zip archive`));
  }
  const outside = await readBundle(
    zipped('outside.pkpass', {
      ...files(),
      '../../outside.png': image('logo.png'),
      '...lproj/logo.png': image('logo.png'),
      '../de.lproj/icon.png': image('logo.png'),
      '__proto__.lproj/pass.strings': Buffer.from(GERMAN),
      '/etc/icon.png': image('logo.png'),
    }),
  );
  const { images: made, design, decisions } = importDesign(outside, { kind: 'pass' });
  for (const name of made.keys()) assert.match(name, /^[A-Za-z][\w@-]*\.png$/);
  assert.deepEqual(Object.keys(design.apple!.localizations), ['de']);
  assert.match(decisions.join('\n'), /Not taken over: .*outside\.png/);
});

/** Parts of a bundle that are broken or unknown, and the sentence that must tell of them. */
const TOLD: [what: string, more: Record<string, Buffer>, pass: object, said: RegExp][] = [
  ['an image that is none', { 'strip.png': Buffer.from('GIF89a') }, {}, /strip\.png was not taken over: it is no PNG/],
  [
    'an image that is broken inside',
    { 'strip@2x.png': Buffer.concat([image('icon@2x.png').subarray(0, 40), Buffer.alloc(60)]) },
    {},
    /strip@2x\.png was not taken over: the PNG is broken inside/,
  ],
  ['an image of no role', { 'hero.png': image('logo.png') }, {}, /hero\.png was not taken over: passes have no image/],
  ['an image in another format', { 'logo.pdf': Buffer.from('%PDF') }, {}, /Not taken over: .*logo\.pdf/],
  ['capitals of an image', { 'Strip.PNG': image('logo.png') }, {}, /Not taken over: .*Strip\.PNG/],
  [
    'strings without their semicolon',
    { 'fr.lproj/pass.strings': Buffer.from('"A" = "B";\n"C" = "D"\n') },
    {},
    /fr\.lproj\/pass\.strings could not be read at "\\"C/,
  ],
  ['strings of no language', { 'Base.lproj/pass.strings': Buffer.from(GERMAN) }, {}, /Not taken over: .*Base\.lproj/],
  ['a reward form', { 'personalization.json': Buffer.from('{}') }, {}, /Not taken over: personalization\.json/],
  ['a second style', {}, { coupon: { primaryFields: [{ key: 'a', value: 'x' }] } }, /coupon was not taken over/],
  [
    'a key of the wrong type',
    {},
    { maxDistance: '500', locations: [{ latitude: 1, longitude: 2 }] },
    /Not taken over as it was: \/apple\/maxDistance/,
  ],
  ['a colour that is a number', {}, { labelColor: 5 }, /Not taken over as it was: \/apple\/labelColor/],
  ['an identifier in another form', {}, { passTypeIdentifier: 'card' }, /passTypeIdentifier/],
  ['a reader of NFC', {}, { nfc: { message: 'HOLDER-7', encryptionPublicKey: 'x' } }, /nfc sends the serial number/],
  ['tags of a holder', {}, { semantics: { attendeeName: 'HOLDER-7', eventName: 'Show' } }, /attendeeName/],
  ['data for an app', {}, { userInfo: { member: 'HOLDER-7' } }, /userInfo/],
];
for (const [what, more, pass, said] of TOLD) {
  test(`${what} is told, and the rest is taken over`, async () => {
    const changed = Buffer.from(JSON.stringify({ ...PASS, ...pass }));
    const bundle = await readBundle(zipped('told.pkpass', files({ ...more, 'pass.json': changed })));
    const { design, decisions } = importDesign(bundle, { kind: 'pass' });
    assert.match(decisions.join('\n'), said);
    assert.equal(design.apple!.primaryFields[0]!.value, '{{holder}}');
    assert.doesNotMatch(JSON.stringify(design), /HOLDER-7/);
  });
}

test('a poster shares the fields of the classic face, and holds no more of its holder', async () => {
  const posterGeneric = {
    primaryFields: [{ key: 'holder', value: 'Jane Roe', semantics: { attendeeName: 'Jane Roe' } }],
    footerFields: [{ key: 'seat', value: 'Jane 7', attributedValue: '<a href="https://a.example/jane">Jane</a>' }],
  };
  const changed = Buffer.from(JSON.stringify({ ...PASS, posterGeneric }));
  const bundle = await readBundle(zipped('poster.pkpass', files({ 'pass.json': changed })));
  const { design } = importDesign(bundle, { kind: 'pass' });
  assert.deepEqual(design.apple!.posterGeneric!.primaryFields, [{ key: 'holder', value: '{{holder}}' }]);
  assert.deepEqual(design.apple!.posterGeneric!.footerFields, [{ key: 'seat', value: '{{seat}}' }]);
  assert.equal(design.fields.filter(({ apiFieldName }) => apiFieldName === 'holder').length, 1);

  const { storeCard: _, ...rest } = { ...PASS, posterGeneric };
  const alone = await readBundle(zipped('alone.pkpass', files({ 'pass.json': Buffer.from(JSON.stringify(rest)) })));
  const made = importDesign(alone, { kind: 'pass' });
  assert.equal(made.design.apple!.style, 'generic');
  assert.match(made.decisions.join('\n'), /posterGeneric stands alone/);
});

test('strings are read in UTF-8 and in UTF-16 of both orders', () => {
  const text = '"Größe" = "Size\\n\\U00e9";\n';
  const expected = { Größe: 'Size\né' };
  const little = Buffer.from(`\ufeff${text}`, 'utf16le');
  assert.deepEqual(readStrings(Buffer.from(text)).strings, expected);
  assert.deepEqual(readStrings(little).strings, expected);
  assert.deepEqual(readStrings(Buffer.from(little).swap16()).strings, expected);
  assert.deepEqual(readStrings(Buffer.from(text, 'utf16le')).strings, expected, 'without a byte order mark');
  assert.deepEqual(readStrings(Buffer.from('// mine\n/* a */ "A" = "B";')), { strings: { A: 'B' }, unread: '' });
});
