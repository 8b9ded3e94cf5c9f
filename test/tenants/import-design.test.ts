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

test('strings are read in UTF-8 and in UTF-16 of both orders', () => {
  const text = '"Größe" = "Size\\n\\U00e9";\n';
  const expected = { Größe: 'Size\né' };
  const little = Buffer.from(`\ufeff${text}`, 'utf16le');
  assert.deepEqual(readStrings(Buffer.from(text)), expected);
  assert.deepEqual(readStrings(little), expected);
  assert.deepEqual(readStrings(Buffer.from(little).swap16()), expected);
});
