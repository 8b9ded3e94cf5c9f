import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { passTypeDesign, type PassTypeDesign } from '../../src/passes/pass-type.js';
import { sampleCustomers } from '../../src/passes/sample-customers.js';
import { coerceFields } from '../../src/passes/field-values.js';
import { sampleOfPass } from '../../src/previews/sample-of-pass.js';
import { languagesOf, previewDesign, type PreviewSheet } from '../../src/previews/design-preview.js';

const demo = passTypeDesign.parse(
  JSON.parse(readFileSync(new URL('../../tenants/demo/pass-types/basic.json', import.meta.url), 'utf8')),
);
const withField = (extra: object): PassTypeDesign =>
  passTypeDesign.parse({ ...demo, apple: { ...demo.apple, ...extra } });

function sheetsOf(design: PassTypeDesign, languages = ['en'], imageUrl = (name: string): string | undefined => name) {
  const source = {
    design,
    imageUrl,
    now: new Date('2026-03-01T12:00:00Z'),
    publicUrl: 'https://cards.example',
    timeZone: null,
  };
  return previewDesign(source, sampleCustomers(design), languages);
}
const texts = (sheet: PreviewSheet): string =>
  [
    ...sheet.marks,
    ...(sheet.apple?.marks ?? []),
    ...(sheet.apple?.screens ?? []).flatMap(({ marks }) => marks),
    ...(sheet.google?.marks ?? []),
  ]
    .map(({ kind, text }) => `${kind}: ${text}`)
    .join('\n');
const named = (sheets: PreviewSheet[], customer: string, language = 'en'): PreviewSheet =>
  sheets.find((sheet) => sheet.customer === customer && sheet.language === language)!;

test('sample customers fit the fields of their design, one of them for each case that changes the look', () => {
  const samples = sampleCustomers(demo);
  assert.deepEqual(
    samples.map(({ name }) => name),
    ['ordinary', 'tier bronze', 'tier silver', 'tier gold', 'tier platinum', 'long texts', 'only what is required'],
  );
  for (const { name, data } of samples) {
    const read = coerceFields(demo.fields, data, { mode: 'create' });
    assert.deepEqual([read.problems, read.warnings], [[], []], name);
  }
});

test('a field with listed values is sampled from its list', () => {
  const fields = demo.fields.map((field) =>
    field.apiFieldName === 'offer' ? { ...field, default: undefined, oneOf: ['latte', 'mocha'] } : field,
  );
  for (const { name, data } of sampleCustomers({ ...demo, fields: fields as typeof demo.fields })) {
    assert.ok(data['offer'] === undefined || data['offer'] === 'latte', `${name}: ${String(data['offer'])}`);
  }
});

test('each case shows its own colours, and both wallets show the same values', () => {
  const sheets = sheetsOf(demo);
  const gold = named(sheets, 'tier gold');
  const silver = named(sheets, 'tier silver');
  assert.equal(gold.apple!.screens[0]!.card!.theme.background, 'rgb(102, 76, 30)');
  assert.equal(silver.apple!.screens[0]!.card!.theme.background, 'rgb(66, 77, 84)');
  assert.equal(silver.apple!.screens[0]!.card!.strip!.src, 'strip-silver.png');
  assert.ok(gold.google!.screen!.rows.some(({ label, value }) => label === 'Tier' && value === 'Gold'));
});

test('labels, change messages and values are those of the language', () => {
  const german = named(sheetsOf(demo, languagesOf(demo, 'en')), 'ordinary', 'de');
  assert.equal(german.apple!.screens[0]!.card!.primary[0]!.label, 'BOHNEN');
  assert.ok(german.apple!.lockScreen.lines.some(({ text }) => text === 'Du hast jetzt 120 Bohnen.'));
  assert.equal(german.google!.screen!.title, 'Kestrel Karte');
});

test('what is cut, missing or untranslated is marked', () => {
  const long = texts(named(sheetsOf(demo), 'long texts'));
  assert.match(long, /overflow: member-name: 80 characters/);
  const bare = texts(named(sheetsOf(demo), 'only what is required'));
  assert.match(bare, /missing: offer-url has no value/);

  const crowded = withField({
    auxiliaryFields: [1, 2, 3].map((n) => ({ key: `more-${n}`, label: 'MORE', value: 'x' })),
  });
  assert.match(texts(named(sheetsOf(crowded), 'ordinary')), /overflow: more-3 does not fit on the front/);

  const added = withField({ backFields: [{ key: 'help', label: 'Need help?', value: 'Ask us' }] });
  const german = texts(named(sheetsOf(added, ['de']), 'ordinary', 'de'));
  assert.match(german, /untranslated: "Need help\?" has no translation/);
  assert.doesNotMatch(german, /"BEANS"/);

  const imageless = texts(
    named(
      sheetsOf(demo, ['en'], () => undefined),
      'ordinary',
    ),
  );
  assert.match(imageless, /image: the image strip does not exist/);
});

test('what the values of a customer cost is marked, at both wallets', () => {
  const odd = withField({ backgroundColor: '{{member-name}}', locations: [{ latitude: '{{points}}', longitude: 2 }] });
  const google = {
    ...odd.google!,
    object: { ...odd.google!.object, heroImage: { sourceUri: { uri: '{{member-name}}' } } },
  };
  const said = texts(named(sheetsOf({ ...odd, google }), 'ordinary'));
  assert.match(said, /left out: \/apple\/backgroundColor: .* is no colour/);
  assert.match(said, /left out: \/apple\/locations\/0\/latitude: .* from -90 to 90/);
  assert.match(said, /left out: \/google\/object\/heroImage\/sourceUri\/uri: /);
});

test('texts of a poster, under a code and on the lock screen are looked for in a language, too', () => {
  const added = withField({
    posterGeneric: { footerFields: [{ key: 'foot', value: 'Show this card' }] },
    barcodes: [{ ...demo.apple!.barcodes[0]!, altText: 'Scan at the till' }],
    locations: [{ latitude: 1, longitude: 2, relevantText: 'Coffee is near' }],
  });
  const german = texts(named(sheetsOf(added, ['de']), 'ordinary', 'de'));
  const expected = ['Show this card', 'Scan at the till', 'Coffee is near'];
  for (const text of [...expected, '"Beans"', '"Hills at dawn"']) assert.match(german, new RegExp(text));
  assert.doesNotMatch(german, /"Kestrel Card"/);
});

test('an older system takes the first barcode that it knows', () => {
  const source = demo.apple!.barcodes[0]!;
  const design = {
    ...demo,
    apple: {
      ...demo.apple!,
      barcodes: [{ ...source, format: 'PKBarcodeFormatEAN13', message: '4006381333931' }, source],
    },
  } as unknown as PassTypeDesign;
  const [now, older] = named(sheetsOf(design), 'ordinary').apple!.screens;
  assert.notEqual(now!.card!.barcode!.drawn, null);
  assert.notEqual(older!.card!.barcode!.drawn, null);
  assert.notEqual(now!.card!.barcode!.drawn, older!.card!.barcode!.drawn);
  assert.ok(older!.marks.some(({ text }) => text.includes('EAN13')));
});

test('a pass is shown under its offers; at Google one that is a pass of its own shows in its own design only', () => {
  const beneath = {
    serial_number: 'S1',
    pass_type_id: 'own',
    pass_type_version: 1,
    visuals: {},
    data: { tier: 'bronze' },
  };
  const inPlace = { id: 'a', sequence: '1', priority: 0, fields: { tier: 'silver' }, passType: null };
  const apart = {
    ...{ id: 'b', sequence: '2', priority: -1, fields: { tier: 'gold' }, passType: { id: 'weeks', version: 1 } },
    autoLinked: { until: '2026-12-24T00:00:00.000Z', notifyAtEnd: false },
  };
  const shown = (offers: (typeof inPlace | typeof apart)[], type: string) => {
    const { name, data, atGoogle } = sampleOfPass({ ...beneath, offers }, type);
    return [name, data['tier'], atGoogle?.['tier']];
  };
  assert.deepEqual(shown([], 'own'), ['pass S1', 'bronze', undefined]);
  assert.deepEqual(shown([inPlace], 'own'), ['pass S1, under its offer', 'silver', 'silver']);
  assert.deepEqual(shown([apart, inPlace], 'own'), ['pass S1, under its 2 offers', 'silver', 'silver']);
  assert.deepEqual(shown([apart], 'own'), ['pass S1, under its offer', 'gold', 'bronze']);
  assert.deepEqual(shown([apart, inPlace], 'weeks'), ['pass S1, under its 2 offers', 'silver', 'gold']);
});
