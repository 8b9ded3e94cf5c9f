import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '../../../src/common/json.js';
import type { GoogleDesign } from '../../../src/passes/pass-type.js';
import { checkGoogleDesign } from '../../../src/wallets/google/check-design.js';
import { googleObject } from '../../../src/wallets/google/wallet-object.js';
import { generic, loyalty, view } from './fixtures.js';

type Section = Record<string, JsonValue>;
const changed = (design: GoogleDesign, part: 'class' | 'object', section: Section): GoogleDesign => ({
  ...design,
  [part]: { ...design[part], ...section },
});
const image = (uri: string) => ({ sourceUri: { uri } });
const localized = (value: string) => ({ defaultValue: { language: 'en', value } });
const ROW = 'class.classTemplateInfo.cardTemplateOverride.cardRowTemplateInfos.0.oneItem.item.firstValue.fields.0';
const row = (fieldPath: string): Section => ({
  classTemplateInfo: {
    cardTemplateOverride: {
      cardRowTemplateInfos: [{ oneItem: { item: { firstValue: { fields: [{ fieldPath }] } } } }],
    },
  },
  textModulesData: [{ id: 'points', body: 'x' }],
});

const WRONG: Record<string, [GoogleDesign, path: string, cure: RegExp]> = {
  'an image by data': [
    changed(loyalty, 'object', { heroImage: image('data:image/png;base64,AAAA') }),
    'object.heroImage.sourceUri.uri',
    /https/,
  ],
  'a link that runs a script': [
    changed(loyalty, 'object', { linksModuleData: { uris: [{ uri: 'javascript:alert(1)' }] } }),
    'object.linksModuleData.uris.0.uri',
    /tel:/,
  ],
  'a phone number with blanks': [
    changed(loyalty, 'object', { linksModuleData: { uris: [{ uri: 'tel:+49 30 1' }] } }),
    'object.linksModuleData.uris.0.uri',
    /blanks/,
  ],
  'an amount beyond 64 bits': [
    changed(loyalty, 'object', {
      loyaltyPoints: { balance: { money: { micros: '9999999999999999999', currencyCode: 'EUR' } } },
    }),
    'object.loyaltyPoints.balance.money.micros',
    /Correct/,
  ],
  'a language by its name': [
    changed(generic, 'object', { header: { defaultValue: { language: 'english', value: 'x' } } }),
    'object.header.defaultValue.language',
    /en-US/,
  ],
  'two translations of one language': [
    changed(generic, 'object', {
      header: {
        ...localized('x'),
        translatedValues: ['de', 'DE'].map((language) => ({ language, value: 'y' })),
      },
    }),
    'object.header.translatedValues.1.language',
    /Keep one/,
  ],
  'one id of two modules': [
    changed(loyalty, 'object', { textModulesData: Array(2).fill({ id: 'a', body: 'x' }) }),
    'object.textModulesData.1.id',
    /its own/,
  ],
  'a row of a module that is not there': [
    changed(generic, 'class', row("class.textModulesData['lost']")),
    `${ROW}.fieldPath`,
    /points/,
  ],
  'a row of a field that is not there': [changed(generic, 'class', row('object.titel')), `${ROW}.fieldPath`, /Correct/],
  'a row that begins nowhere': [changed(generic, 'class', row('titel')), `${ROW}.fieldPath`, /Begin/],
  'a blank header': [
    changed(generic, 'object', { header: localized(' ') }),
    'object.header.defaultValue.value',
    /Write/,
  ],
  'an image id of an emoji': [
    changed(loyalty, 'object', { imageModulesData: [{ id: '😀', mainImage: image('https://a.example/a.png') }] }),
    'object.imageModulesData.0.id',
    /letters/,
  ],
  'a link id of an emoji': [
    changed(loyalty, 'object', { linksModuleData: { uris: [{ id: '😀', uri: 'https://a.example' }] } }),
    'object.linksModuleData.uris.0.id',
    /letters/,
  ],
  'a link without a host': [
    changed(loyalty, 'object', { linksModuleData: { uris: [{ uri: 'https:///order' }] } }),
    'object.linksModuleData.uris.0.uri',
    /https/,
  ],
  'a call of nobody': [
    changed(loyalty, 'object', { linksModuleData: { uris: [{ uri: 'tel:' }] } }),
    'object.linksModuleData.uris.0.uri',
    /https/,
  ],
  'a name that shows nothing': [changed(loyalty, 'class', { programName: '\u200b' }), 'class.programName', /Write/],
  'a text of nothing': [changed(loyalty, 'object', { accountName: '' }), 'object.accountName', /remove/],
  'an object of nothing': [changed(loyalty, 'object', { validTimeInterval: {} }), 'object.validTimeInterval', /remove/],
  'a sort index beyond 32 bits': [
    changed(loyalty, 'object', { groupingInfo: { groupingId: 'a', sortIndex: 3_000_000_000 } }),
    'object.groupingInfo.sortIndex',
    /Correct/,
  ],
  'a year beyond four digits': [
    changed(loyalty, 'object', { validTimeInterval: { end: { date: '10000-01-01' } } }),
    'object.validTimeInterval.end.date',
    /2026/,
  ],
  'a code that never changes': [
    changed(loyalty, 'object', {
      rotatingBarcode: {
        type: 'QR_CODE',
        valuePattern: '{totp_value_0}',
        totpDetails: { algorithm: 'TOTP_SHA1', periodMillis: '0', parameters: [{ key: 'aa', valueLength: 8 }] },
      },
    }),
    'object.rotatingBarcode',
    /milliseconds/,
  ],
  'two forms of a row': [
    changed(loyalty, 'class', {
      classTemplateInfo: {
        cardTemplateOverride: { cardRowTemplateInfos: [{ oneItem: { item: {} }, twoItems: { startItem: {} } }] },
      },
    }),
    'class.classTemplateInfo.cardTemplateOverride.cardRowTemplateInfos.0',
    /Keep one/,
  ],
  'four rows': [
    changed(loyalty, 'class', {
      classTemplateInfo: { cardTemplateOverride: { cardRowTemplateInfos: Array(4).fill({ oneItem: { item: {} } }) } },
    }),
    'class.classTemplateInfo.cardTemplateOverride.cardRowTemplateInfos',
    /Remove/,
  ],
  'news of a generic pass': [{ ...generic, notifyOn: ['points'] }, 'notifyOn', /message/],
  'a callback of its own': [
    changed(loyalty, 'class', { callbackOptions: { url: 'https://a.example' } }),
    'class.callbackOptions',
    /Remove/,
  ],
};
for (const [what, [design, path, cure]] of Object.entries(WRONG)) {
  test(`${what} is named with path and cure`, () => {
    const found = checkGoogleDesign(design).find((problem) => problem.path === path);
    assert.match(found?.cure ?? 'nothing found', cure);
  });
}

test('rows of a class may name what is there', () => {
  for (const fieldPath of [
    "object.textModulesData['points']",
    'object.header',
    'class.id',
    'object.hexBackgroundColor',
  ]) {
    const item = { firstValue: { fields: [{ fieldPath }] } };
    const design = {
      ...generic,
      class: { classTemplateInfo: { listTemplateOverride: { secondRowOption: item.firstValue } } },
      object: { ...generic.object, textModulesData: [{ id: 'points', body: '{{points}}' }] },
    };
    assert.deepEqual(checkGoogleDesign(design), [], fieldPath);
  }
});

/** Parts of an object with a value that Google refuses, and what must be left of them. */
const LEFT: [what: string, part: Section, fields: Record<string, string | number>, left: JsonValue | undefined][] = [
  ['a barcode without its value', { barcode: { type: 'QR_CODE', value: '{{code}}' } }, {}, undefined],
  ['a barcode of its frame', { barcode: { type: 'CODE_128', value: 'K-{{code}}' } }, {}, undefined],
  [
    'an image that is no address of the web',
    { heroImage: { sourceUri: { uri: '{{code}}' } } },
    { code: 'data:image/png;base64,AA' },
    undefined,
  ],
  [
    'an end before its start',
    { validTimeInterval: { start: { date: '2026-12-31' }, end: { date: '{{code}}' } } },
    { code: '2026-12-30' },
    { start: { date: '2026-12-31T00:00:00Z' } },
  ],
  ['a number of programs', { loyaltyPoints: { balance: { int: '{{code}}' } } }, { code: '0x10' }, undefined],
  ['a field that Google has not', { holographic: 'yes {{code}}' }, { code: 'x' }, undefined],
];
for (const [what, part, fields, left] of LEFT) {
  test(`${what} is left out and told, and the rest is written`, () => {
    const told: string[] = [];
    const object = googleObject({
      design: changed(loyalty, 'object', part),
      classId: '1.c',
      objectId: '1.o',
      view: { ...view({ memberId: 7, ...fields }), pass: { serialNumber: 's' } },
      state: 'ACTIVE',
      notify: false,
      leaveOut: ({ path }) => void told.push(path),
    });
    const [key] = Object.keys(part);
    assert.deepEqual(object[key!], left);
    assert.equal(told.filter((path) => path.startsWith(`object.${key}`)).length, 1, told.join());
    assert.equal(object['accountId'], '7');
  });
}

/** What a value becomes at Google: in the one form in which Google answers it, so that writing it again changes nothing. */
const BROUGHT: [what: string, part: Section, value: JsonValue, becomes: JsonValue | undefined, told: number][] = [
  ...(['0012', '12.0', ' 12 ', 12, '1.2e1'] as const).map((value): (typeof BROUGHT)[number] => [
    `micros ${value}`,
    { loyaltyPoints: { balance: { money: { micros: '{{v}}', currencyCode: 'EUR' } } } },
    value,
    { balance: { money: { micros: '12', currencyCode: 'EUR' } } },
    0,
  ]),
  ...(['12.5', '9223372036854775808', '0x10', 'free', 1e21] as const).map((value): (typeof BROUGHT)[number] => [
    `micros ${value}`,
    { loyaltyPoints: { balance: { money: { micros: '{{v}}', currencyCode: 'EUR' } } } },
    value,
    undefined,
    1,
  ]),
  [
    'a debt',
    { loyaltyPoints: { balance: { money: { micros: '{{v}}', currencyCode: 'EUR' } } } },
    -12_500_000,
    { balance: { money: { micros: '-12500000', currencyCode: 'EUR' } } },
    0,
  ],
  [
    'a currency in small letters',
    { loyaltyPoints: { balance: { money: { micros: '1', currencyCode: '{{v}}' } } } },
    ' eur ',
    { balance: { money: { micros: '1', currencyCode: 'EUR' } } },
    0,
  ],
  ['a text of nothing', { accountName: '{{v}}' }, '\u200b ', undefined, 0],
  [
    'an id that stands there twice',
    {
      textModulesData: [
        { id: 'a', body: 'A' },
        { id: '{{v}}', body: 'B' },
      ],
    },
    'a',
    [{ id: 'a', body: 'A' }, { body: 'B' }],
    1,
  ],
  ['an id of an emoji', { textModulesData: [{ id: '{{v}}', body: 'A' }] }, '😀', [{ body: 'A' }], 1],
  [
    'a link that no phone opens',
    { linksModuleData: { uris: [{ uri: '{{v}}' }, { uri: 'https://a.example' }] } },
    'about:blank',
    { uris: [{ uri: 'https://a.example' }] },
    1,
  ],
  [
    'a language that is none',
    { textModulesData: [{ localizedBody: { defaultValue: { language: '{{v}}', value: 'until {{until}}' } } }] },
    'de_DE!',
    [{ localizedBody: { defaultValue: { language: 'fr', value: 'until 31 déc. 2026, 18:30' } } }],
    1,
  ],
  [
    'a language of the data',
    { textModulesData: [{ localizedBody: { defaultValue: { language: '{{v}}', value: 'bis {{until}}' } } }] },
    'de',
    [{ localizedBody: { defaultValue: { language: 'de', value: 'bis 31. Dez. 2026, 18:30' } } }],
    0,
  ],
];
for (const [what, part, value, becomes, count] of BROUGHT) {
  test(`${what} becomes what Google answers`, () => {
    const told: string[] = [];
    const times = { zone: 'UTC', zones: {}, types: { until: 'datetime' as const }, language: 'fr' };
    const object = googleObject({
      design: changed(loyalty, 'object', part),
      classId: '1.c',
      objectId: '1.o',
      view: { fields: { memberId: 7, v: value, until: '2026-12-31T18:30:00Z' }, visuals: {}, pass: {}, times },
      state: 'ACTIVE',
      notify: false,
      leaveOut: ({ path }) => void told.push(path),
    });
    const [key] = Object.keys(part);
    assert.deepEqual(object[key!], becomes);
    assert.equal(told.filter((path) => path.startsWith(`object.${key}`)).length, count, told.join());
  });
}
