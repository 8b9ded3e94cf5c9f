import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { validateTenantFolder } from '../../src/tenants/check-folder.js';
import { folderNotes } from '../../src/tenants/folder-notes.js';
import { describeProblem } from '../../src/tenants/folder-problem.js';
import { copyTenantFolder, editJson } from '../support/tenant-folder.js';

type Edit = Parameters<typeof editJson>[2];
type Design = Parameters<Edit>[0];
const BASIC = 'pass-types/basic.json';

/** One folder for all faults: each is put into its design and taken out again. */
const root = copyTenantFolder();
const sound = readFileSync(join(root, BASIC), 'utf8');
after(() => rmSync(root, { recursive: true }));

async function validated(edit: Edit) {
  editJson(root, BASIC, edit);
  const { folder, problems } = await validateTenantFolder(root, { now: Date.now, environment: {} });
  writeFileSync(join(root, BASIC), sound);
  return { problems, notes: folderNotes(folder, { now: Date.now }) };
}

const primary = (more: object) => (d: Design) => Object.assign(d.apple.primaryFields[0], more);
const back = (more: object) => (d: Design) =>
  d.apple.backFields.push({ key: 'extra', label: 'Terms', value: 'x', ...more });
const apple = (more: object) => (d: Design) => Object.assign(d.apple, more);
const extra = (more: object) => (d: Design) => (d.apple.extra = more);
const semantics = (more: object) => (d: Design) => (d.apple.extra = { semantics: more });
const google = (edit: (object: Design) => void) => (d: Design) => edit(d.google.object);
const translated = (strings: object) => (d: Design) => Object.assign(d.apple.localizations.de.strings, strings);

/** Faults of the file's shape, which must not hide the others. */
const SHAPES: [name: string, edit: Edit, path: string][] = [
  ['a label that is a number', primary({ label: 5 }), '/apple/primaryFields/0/label'],
  ['a value that is true', back({ value: true }), '/apple/backFields/5/value'],
  ['a transit type in short', apple({ transitType: 'Air' }), '/apple/transitType'],
  ['an icon that is a number', (d) => (d.apple.images.icon = 5), '/apple/images/icon'],
  ['a format in short', apple({ barcodes: [{ format: 'QR', message: 'x' }] }), '/apple/barcodes/0/format'],
  ['no distance', apple({ maxDistance: 0 }), '/apple/maxDistance'],
  ['eleven beacons', apple({ beacons: Array(11).fill({}) }), '/apple/beacons'],
  ['keys of pass.json beside those of a design', apple({ voided: true }), '/apple/voided'],
  ['a visual of neither form', (d) => (d.visuals.lost = { from: 'tier' }), '/visuals/lost'],
  ['a field of an unknown type', (d) => (d.fields[0].type = 'email'), '/fields/0/type'],
];

/** One fault of each rule: what is wrong, where it must be named. */
const FAULTS: [name: string, edit: Edit, path: string][] = [
  ['spelling of an alignment', back({ textAlignment: 'right' }), '/apple/backFields/5/textAlignment'],
  [
    'spelling of a date style',
    back({ value: '{{member-since}}', dateStyle: 'short' }),
    '/apple/backFields/5/dateStyle',
  ],
  ['a currency that is none', back({ value: 5, currencyCode: 'EURO' }), '/apple/backFields/5/currencyCode'],
  ['a currency in small letters', back({ value: 5, currencyCode: 'usd' }), '/apple/backFields/5/currencyCode'],
  [
    'number style and currency',
    back({ value: 5, currencyCode: 'USD', numberStyle: 'PKNumberStyleDecimal' }),
    '/apple/backFields/5',
  ],
  [
    'date and number style',
    back({ value: '{{member-since}}', dateStyle: 'PKDateStyleShort', currencyCode: 'USD' }),
    '/apple/backFields/5',
  ],
  [
    'a number style on a date',
    back({ value: '{{member-since}}', numberStyle: 'PKNumberStyleDecimal' }),
    '/apple/backFields/5/value',
  ],
  [
    'a date style on a number',
    back({ value: '{{points}}', dateStyle: 'PKDateStyleShort' }),
    '/apple/backFields/5/value',
  ],
  ['isRelative without a date', back({ isRelative: true }), '/apple/backFields/5'],
  ['a row of a store card', back({ row: 1 }), '/apple/backFields/5/row'],
  ['a detector that does not exist', back({ dataDetectorTypes: ['Phone'] }), '/apple/backFields/5/dataDetectorTypes/0'],
  ['a change message without %@', primary({ changeMessage: 'Changed' }), '/apple/primaryFields/0/changeMessage'],
  [
    'a change message with another code',
    primary({ changeMessage: '%@ of %d' }),
    '/apple/primaryFields/0/changeMessage',
  ],
  ['a misspelt key of a field', primary({ changemessage: '%@' }), '/apple/primaryFields/0/changemessage'],
  ['a latitude out of range', apple({ locations: [{ latitude: 407, longitude: 1 }] }), '/apple/locations/0/latitude'],
  ['names of coordinates', apple({ locations: [{ lat: 40, lng: 1 }] }), '/apple/locations/0/lat'],
  [
    'an altitude in words',
    apple({ locations: [{ latitude: 1, longitude: 1, altitude: 'ten' }] }),
    '/apple/locations/0/altitude',
  ],
  [
    'a beacon number out of range',
    apple({ beacons: [{ proximityUUID: '00000000-0000-0000-0000-000000000000', major: 70000 }] }),
    '/apple/beacons/0/major',
  ],
  ['a beacon without a UUID', apple({ beacons: [{ proximityUUID: 'shop' }] }), '/apple/beacons/0/proximityUUID'],
  ['an expiry that is no date', apple({ expirationDate: '31.12.2026' }), '/apple/expirationDate'],
  ['an expiry by a number', apple({ expirationDate: '{{points}}' }), '/apple/expirationDate'],
  ['a relevant date in words', apple({ relevantDate: 'tomorrow 9am' }), '/apple/relevantDate'],
  ['a start without an end', apple({ relevantDates: [{ startDate: '2026-12-31' }] }), '/apple/relevantDates/0'],
  [
    'an end before its start',
    apple({ relevantDates: [{ startDate: '2026-12-31', endDate: '2026-12-30' }] }),
    '/apple/relevantDates/0',
  ],
  ['an app without its store id', apple({ appLaunchURL: 'kestrel://card' }), '/apple/appLaunchURL'],
  [
    'an NFC key that is none',
    apple({ nfc: { message: 'm', encryptionPublicKey: 'properkey=' } }),
    '/apple/nfc/encryptionPublicKey',
  ],
  [
    'NFC under an ordinary certificate',
    apple({ nfc: { message: 'm', encryptionPublicKey: 'properkey=' } }),
    '/apple/nfc',
  ],
  [
    'letters that Code 128 has not',
    apple({ barcodes: [{ format: 'PKBarcodeFormatCode128', message: 'Größe😀' }] }),
    '/apple/barcodes/0/message',
  ],
  [
    'a message that is too long',
    apple({ barcodes: [{ format: 'PKBarcodeFormatQR', message: 'x'.repeat(3000) }] }),
    '/apple/barcodes/0/message',
  ],
  [
    'an EAN with a wrong check digit',
    apple({ barcodes: [{ format: 'PKBarcodeFormatEAN13', message: '4006381333932' }] }),
    '/apple/barcodes/0/message',
  ],
  [
    'an encoding that is none',
    apple({ barcodes: [{ format: 'PKBarcodeFormatQR', message: 'x', messageEncoding: 'latin' }] }),
    '/apple/barcodes/0/messageEncoding',
  ],
  [
    'a barcode without a message',
    apple({ barcodes: [{ format: 'PKBarcodeFormatQR', message: '' }] }),
    '/apple/barcodes/0/message',
  ],
  ['a misspelt key of pass.json', extra({ sematics: {} }), '/apple/extra/sematics'],
  ['a flag as text', extra({ useAutomaticColors: 'true' }), '/apple/extra/useAutomaticColors'],
  ['an address without a scheme', extra({ bagPolicyURL: 'kestrel.example/bags' }), '/apple/extra/bagPolicyURL'],
  ['null', extra({ eventLogoText: null }), '/apple/extra/eventLogoText'],
  ['a misspelt tag', semantics({ eventname: 'Show' }), '/apple/extra/semantics/eventname'],
  [
    'an event type that does not exist',
    semantics({ eventType: 'PKEventTypeConcert' }),
    '/apple/extra/semantics/eventType',
  ],
  [
    'an amount as a number',
    semantics({ balance: { amount: 5, currencyCode: 'EUR' } }),
    '/apple/extra/semantics/balance/amount',
  ],
  ['money without its currency', semantics({ balance: { amount: '5' } }), '/apple/extra/semantics/balance'],
  ['a day of a number field', semantics({ eventStartDate: '{{points}}' }), '/apple/extra/semantics/eventStartDate'],
  [
    'a zone by its offset',
    semantics({ departureLocationTimeZone: 'CET+1' }),
    '/apple/extra/semantics/departureLocationTimeZone',
  ],
  [
    'three actions',
    extra({
      featuredActions: ['a', 'b', 'c'].map((identifier) => ({ identifier, type: 'shop', url: 'https://a.example' })),
    }),
    '/apple/extra/featuredActions',
  ],
  [
    'an action of an unknown type',
    extra({ featuredActions: [{ identifier: 'a', type: 'buy', url: 'https://a.example' }] }),
    '/apple/extra/featuredActions/0/type',
  ],
  [
    'a poster of another style',
    extra({ preferredStyleSchemes: ['posterEventTicket', 'eventTicket'] }),
    '/apple/extra/preferredStyleSchemes',
  ],
  [
    'five fields in a row of four',
    (d) => (d.apple.auxiliaryFields = [1, 2, 3].map((n) => ({ key: `a${n}`, value: 'x' }))),
    '/apple/auxiliaryFields',
  ],
  [
    'a filter in a placeholder',
    (d) => (d.apple.secondaryFields[0].value = '{{member-name|upper}}'),
    '/apple/secondaryFields/0/value',
  ],
  [
    'a placeholder in a translation',
    translated({ BEANS: '{{points}} BOHNEN' }),
    '/apple/localizations/de/strings/BEANS',
  ],
  ['a translation of no text', translated({ BEENS: 'BOHNEN' }), '/apple/localizations/de/strings/BEENS'],
  ['a filter in a visual', (d) => (d.visuals.title = { template: '{{tier|title}}' }), '/visuals/title/template'],
  ['a filter at Google', google((o) => (o.accountName = '{{member-name|upper}}')), '/google/object/accountName'],
  [
    'a number by a date at Google',
    google((o) => (o.loyaltyPoints.balance = { int: '{{member-since}}' })),
    '/google/object/loyaltyPoints/balance/int',
  ],
  [
    'a day that is none at Google',
    google((o) => (o.validTimeInterval = { end: { date: '31.12.2026' } })),
    '/google/object/validTimeInterval/end/date',
  ],
  [
    'an interval that ends before it starts',
    google((o) => (o.validTimeInterval = { start: { date: '2026-12-31' }, end: { date: '2026-12-30' } })),
    '/google/object/validTimeInterval',
  ],
  [
    'a place out of range at Google',
    google((o) => (o.merchantLocations = [{ latitude: 407, longitude: 1 }])),
    '/google/object/merchantLocations/0/latitude',
  ],
  ['a barcode without a value at Google', google((o) => (o.barcode = { type: 'QR_CODE' })), '/google/object/barcode'],
  [
    'a currency at Google',
    google((o) => (o.loyaltyPoints.balance = { money: { currencyCode: 'euro', micros: '1' } })),
    '/google/object/loyaltyPoints/balance/money/currencyCode',
  ],
  ['a zone that is none', (d) => (d.timeZone = 'Mars/Olympus'), '/timeZone'],
  ...SHAPES,
];

for (const [name, edit, path] of FAULTS) {
  test(`${name} is refused with its place and a cure`, async () => {
    const { problems } = await validated(edit);
    const found = problems.filter((problem) => problem.file === BASIC && problem.path === path);
    assert.ok(found.length > 0, `nothing at ${path}: ${problems.map(describeProblem).join('\n')}`);
    for (const { message, cure } of found) assert.ok(message.length > 10 && cure.length > 5);
  });
}

test('faults of many rules in one design are named at once', async () => {
  const chosen = FAULTS.filter(([name]) =>
    [
      'spelling of an alignment',
      'an expiry that is no date',
      'names of coordinates',
      'a filter in a placeholder',
      'a translation of no text',
      'a misspelt tag',
      'a zone that is none',
      'a day that is none at Google',
      'a beacon number out of range',
      ...['a label that is a number', 'a transit type in short', 'an icon that is a number', 'no distance'],
      ...['keys of pass.json beside those of a design', 'a visual of neither form', 'a field of an unknown type'],
    ].includes(name),
  );
  assert.equal(chosen.length, 16, 'each of them is a fault of the table');
  const { problems } = await validated((design) => {
    for (const [, edit] of chosen) edit(design);
  });
  const seen = problems.map(({ path }) => path);
  for (const [name, , path] of chosen) assert.ok(seen.includes(path), `${name}: ${path}`);
  // Nothing more is said: a stand-in for a wrong shape must not look like a fault of its own.
  assert.deepEqual(
    [...new Set(seen)].filter((path) => !chosen.some(([, , at]) => path.startsWith(at.slice(0, at.lastIndexOf('/'))))),
    [],
  );
});

/** What phones bear: the design stays usable, and its author is told. */
const NOTES: [name: string, edit: Edit, note: RegExp][] = [
  ['an alignment where there is none', back({ textAlignment: 'PKTextAlignmentRight' }), /backFields have no alignment/],
  [
    'formats of iOS 27 alone',
    apple({ barcodes: [{ format: 'PKBarcodeFormatEAN13', message: '4006381333931' }] }),
    /before iOS 27 know none/,
  ],
  [
    'a new format behind an old one',
    apple({
      barcodes: [
        { format: 'PKBarcodeFormatQR', message: 'x' },
        { format: 'PKBarcodeFormatCode39', message: 'X' },
      ],
    }),
    /never shows/,
  ],
  ['an image that the style does not draw', (d) => (d.apple.images.thumbnail = 'icon'), /does not draw "thumbnail"/],
  ['a key that nobody knows', extra({ holographic: true }), /No system of today knows "holographic"/],
  ['a tag of another style', semantics({ eventName: 'Show' }), /does not show eventName/],
  [
    'a case that never comes',
    (d) => {
      d.fields.find(({ apiFieldName }: Design) => apiFieldName === 'tier').oneOf = ['bronze', 'silver', 'gold'];
      d.visuals.title = { from: 'tier', cases: { bronze: 'Bronze', silver: 'Silver', golden: 'Gold' } };
    },
    /never "golden"[^]*no case for "gold"/,
  ],
  ['a translation without %@', translated({ 'You now have %@ beans.': 'Du hast Bohnen.' }), /does not keep %@/],
];

for (const [name, edit, note] of NOTES) {
  test(`${name} is told and refuses nothing`, async () => {
    const { problems, notes } = await validated(edit);
    assert.deepEqual(problems, []);
    assert.match(notes.join('\n'), note);
  });
}

test('the design of the demo has nothing to be told of', async () => {
  const { problems, notes } = await validated(() => undefined);
  assert.deepEqual(
    [problems, notes.filter((note) => note.includes('pass-types/') && note.includes('/apple'))],
    [[], []],
  );
});
