import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passTypeDesign } from '../../../src/passes/pass-type.js';
import type { JsonValue } from '../../../src/common/json.js';
import { leftOutByApple } from '../../../src/wallets/apple/left-out.js';
import { applePassJson } from '../../../src/wallets/apple/pass-json.js';

const design = passTypeDesign.parse({
  name: 'card',
  id: 'ptk_0x1',
  description: 'Card',
  organizationName: 'Test',
  fields: ['points', 'colour', 'until', 'code', 'lat', 'price', 'zone', 'strip', 'link'].map((apiFieldName) => ({
    apiFieldName,
    type: 'text',
  })),
  apple: {
    passTypeIdentifier: 'pass.com.example.card',
    style: 'storeCard',
    backgroundColor: '{{colour}}',
    primaryFields: [{ key: 'points', value: '{{points}}', numberStyle: 'PKNumberStyleDecimal' }],
    backFields: [{ key: 'until', value: '{{until}}', dateStyle: 'PKDateStyleShort' }],
    barcodes: [
      { format: 'PKBarcodeFormatEAN13', message: '{{code}}' },
      { format: 'PKBarcodeFormatQR', message: '{{code}}' },
    ],
    locations: [{ latitude: '{{lat}}', longitude: 2 }],
    expirationDate: '{{until}}',
    images: { icon: 'icon', strip: '{{strip}}' },
    extra: {
      bagPolicyURL: '{{link}}',
      semantics: {
        balance: { amount: '{{price}}', currencyCode: 'EUR' },
        eventStartDate: '{{until}}',
        eventTimeZone: '{{zone}}',
      },
    },
  },
});
const images = { 'icon.png': 'a', 'icon@2x.png': 'b', 'strip.png': 'c' };
const GOOD = {
  points: '120',
  colour: '#fff',
  until: '2026-12-31T18:30:00.000Z',
  code: '4006381333931',
  lat: '48.1',
  price: 12.5,
  zone: 'Europe/Berlin',
  strip: 'strip',
  link: 'https://shop.example/bags',
};
const BAD = {
  points: 'many',
  colour: 'navy',
  until: 'soon',
  code: 'Größe😀',
  lat: '407',
  price: 'free',
  zone: 'CET+1',
  strip: 'strip-lost',
  link: '//shop.example/bags',
};
const viewOf = (fields: Record<string, JsonValue>) => ({ fields, visuals: {}, pass: {} });
const made = (fields: Record<string, JsonValue>) =>
  applePassJson({
    design,
    teamIdentifier: 'ABCDE12345',
    serialNumber: 's',
    authenticationToken: 'x'.repeat(16),
    webServiceUrl: 'https://passes.example/apple',
    view: viewOf(fields),
    state: 'active',
    modifiedAt: new Date('2026-01-01T00:00:00Z'),
  });

test('values take the form of their place', () => {
  const pass = made(GOOD);
  assert.deepEqual(leftOutByApple({ design, images }, viewOf(GOOD)), []);
  assert.deepEqual(pass['semantics'], {
    balance: { amount: '12.5', currencyCode: 'EUR' },
    eventStartDate: '2026-12-31T18:30:00Z',
    eventTimeZone: 'Europe/Berlin',
  });
  assert.deepEqual(pass['locations'], [{ latitude: 48.1, longitude: 2 }]);
  assert.equal(pass['backgroundColor'], 'rgb(255, 255, 255)');
});

/** What each bad value must cost, and nothing else. */
const COSTS: Record<keyof typeof BAD, { pointers: string[]; gone: string[] }> = {
  points: { pointers: ['/apple/primaryFields/0'], gone: [] },
  colour: { pointers: ['/apple/backgroundColor'], gone: ['backgroundColor'] },
  until: {
    pointers: ['/apple/extra/semantics/eventStartDate', '/apple/expirationDate', '/apple/backFields/0'],
    gone: ['expirationDate'],
  },
  code: { pointers: ['/apple/barcodes/0'], gone: [] },
  lat: { pointers: ['/apple/locations/0/latitude'], gone: ['locations'] },
  price: { pointers: ['/apple/extra/semantics/balance/amount'], gone: [] },
  zone: { pointers: ['/apple/extra/semantics/eventTimeZone'], gone: [] },
  strip: { pointers: ['/apple/images/strip'], gone: [] },
  link: { pointers: ['/apple/extra/bagPolicyURL'], gone: ['bagPolicyURL'] },
};

for (const [name, { pointers, gone }] of Object.entries(COSTS)) {
  test(`a bad ${name} costs its part and nothing else, and is told`, () => {
    const fields = { ...GOOD, [name]: BAD[name as keyof typeof BAD] };
    const told = leftOutByApple({ design, images }, viewOf(fields)).map(({ pointer }) => pointer);
    assert.deepEqual(told.sort(), pointers.sort());
    const left = Object.keys(made(GOOD)).filter((key) => !(key in made(fields)));
    assert.deepEqual(left, gone);
  });
}

test('a value that is not there is no fault', () => {
  const { code: _, ...optional } = GOOD;
  const told = leftOutByApple({ design, images }, viewOf({ code: '4006381333931', strip: 'strip' }));
  assert.deepEqual(told, [], JSON.stringify(optional));
});
