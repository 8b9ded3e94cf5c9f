import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appleFace } from '../../../src/previews/apple-faces.js';
import { lintAppleDesign } from '../../../src/wallets/apple/check-design.js';
import { applePassJson } from '../../../src/wallets/apple/pass-json.js';
import { exampleDesign, exampleView, IMAGE_NAMES, passJsonInput } from './example-pass.js';

const poster = (more: object = {}) =>
  exampleDesign({
    posterGeneric: {
      headerFields: [{ key: 'p-points', label: 'Points', value: '{{points}}' }],
      primaryFields: [{ key: 'p-name', value: '{{first_name}}', changeMessage: 'Hello %@' }],
      footerFields: [{ key: 'p-ends', label: 'Until', value: '{{ends}}', dateStyle: 'PKDateStyleShort' }],
      ...more,
    },
    barcodes: [
      { format: 'PKBarcodeFormatEAN13', message: '4006381333931' },
      { format: 'PKBarcodeFormatQR', message: '{{pass.serialNumber}}' },
    ],
    images: { icon: 'icon', logo: 'logo', strip: '{{visual.strip}}', artwork: 'strip-gold' },
    extra: {
      featuredActions: [{ identifier: 'shop', type: 'shop', url: 'https://shop.example/{{pass.serialNumber}}' }],
    },
  });

test('a new iPhone shows the poster and the new barcode, an old one the classic face and its own', () => {
  const design = poster();
  const pass = applePassJson(passJsonInput({ design, view: exampleView() }));
  const [now, older] = [appleFace(pass, 'iOS 27'), appleFace(pass, 'iOS 18')];
  assert.deepEqual([now?.style, now?.barcode?.format], ['posterGeneric', 'PKBarcodeFormatEAN13']);
  assert.deepEqual([older?.style, older?.barcode?.format], ['storeCard', 'PKBarcodeFormatQR']);
  assert.deepEqual(
    now?.groups['footerFields']?.map(({ value }) => value),
    ['2027-05-01T00:00:00Z'],
  );
  assert.equal(now?.groups['primaryFields']?.[0]?.['changeMessage'], 'Hello %@');
  assert.deepEqual(pass['featuredActions'], [{ identifier: 'shop', type: 'shop', url: 'https://shop.example/S-1' }]);
});

test('the poster is checked as the classic face is', () => {
  const refused = (design: ReturnType<typeof poster>) =>
    lintAppleDesign(design, IMAGE_NAMES)
      .filter(({ severity }) => severity === undefined)
      .map(({ path }) => path);
  assert.deepEqual(refused(poster()), []);
  const field = (key: string, more: object = {}) => ({ key, value: 'x', ...more });
  assert.deepEqual(refused(poster({ headerFields: [field('a'), field('b')] })), ['/apple/posterGeneric/headerFields']);
  assert.deepEqual(refused(poster({ footerFields: [field('a', { dateStyle: 'short' })] })), [
    '/apple/posterGeneric/footerFields/0/dateStyle',
    '/apple/posterGeneric/footerFields/0/value',
  ]);
  assert.deepEqual(refused(poster({ backFields: [field('a'), field('a')] })), [
    '/apple/posterGeneric/backFields/1/key',
  ]);
});
