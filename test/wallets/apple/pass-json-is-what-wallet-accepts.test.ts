import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { APPLE_STYLES } from '../../../src/passes/pass-type.js';
import { applePassJson, checkAppleDesign, effectiveChangeMessages } from '../../../src/wallets/apple/pass-json.js';
import { passStrings } from '../../../src/wallets/apple/pass-strings.js';
import { exampleDesign, exampleView, IMAGE_NAMES, passJsonInput } from './example-pass.js';

type Fields = { key: string; value: unknown; changeMessage?: string }[];
const build = (apple: Record<string, unknown> = {}, fields = {}, over = {}) =>
  applePassJson(passJsonInput({ design: exampleDesign(apple), view: exampleView(fields), ...over }));

test('all five styles, numbers as numbers, absent values left out, colours normalised', () => {
  for (const style of APPLE_STYLES) {
    const pass = build(style === 'boardingPass' ? { style, transitType: 'PKTransitTypeTrain' } : { style });
    const groups = pass[style] as Record<string, Fields>;
    assert.strictEqual(groups['headerFields']![0]!.value, 5);
    assert.equal('backFields' in groups, false);
    assert.equal(pass['backgroundColor'], 'rgb(30, 58, 95)');
  }
});

test('NFC, associated apps and what newer systems know go through, with their placeholders filled', () => {
  const nfc = { message: '{{pass.serialNumber}}', encryptionPublicKey: 'MDkw', requiresAuthentication: true };
  const semantics = { eventName: 'Show of {{first_name}}', venueLocation: { latitude: 1.5, longitude: 2 } };
  const pass = build({
    style: 'eventTicket',
    nfc,
    associatedStoreIdentifiers: [42],
    appLaunchURL: 'example://{{pass.serialNumber}}',
    auxiliaryFields: [
      { key: 'seat', value: '{{points}}', row: 1, semantics: { seats: [{ seatNumber: '{{points}}' }] } },
    ],
    additionalInfoFields: [{ key: 'gate', label: 'Gate', value: 'B', changeMessage: 'Gate %@' }],
    extra: {
      preferredStyleSchemes: ['posterEventTicket', 'eventTicket'],
      semantics,
      upcomingPassInformation: [{ type: 'event', identifier: '{{pass.serialNumber}}' }],
      userInfo: { tier: '{{tier}}', nested: [1, true, null] },
    },
  });
  assert.deepEqual(pass['nfc'], { ...nfc, message: 'S-1' });
  assert.deepEqual([pass['associatedStoreIdentifiers'], pass['appLaunchURL']], [[42], 'example://S-1']);
  assert.deepEqual(pass['preferredStyleSchemes'], ['posterEventTicket', 'eventTicket']);
  assert.deepEqual(pass['semantics'], { ...semantics, eventName: 'Show of Zoë' });
  assert.deepEqual(pass['upcomingPassInformation'], [{ type: 'event', identifier: 'S-1' }]);
  assert.deepEqual(pass['userInfo'], { tier: 'gold', nested: [1, true, null] });
  const groups = pass['eventTicket'] as Record<string, unknown>;
  assert.deepEqual(groups['auxiliaryFields'], [
    { key: 'seat', value: 5, row: 1, semantics: { seats: [{ seatNumber: 5 }] } },
  ]);
  assert.deepEqual(groups['additionalInfoFields'], [
    { key: 'gate', label: 'Gate', value: 'B', changeMessage: 'Gate %@' },
  ]);
});

test('states: void, deleted and expired show, and the same revision gives the same bytes', () => {
  assert.equal(build({}, {}, { state: 'voided' })['voided'], true);
  assert.equal(build({}, {}, { state: 'deleted' })['voided'], true);
  assert.equal(build({}, {}, { state: 'expired' })['expirationDate'], '2026-11-20T10:00:00Z');
  const text = fc.string({ maxLength: 20 });
  fc.assert(
    fc.property(text, fc.integer(), text, (first_name, points, tier) => {
      const one = JSON.stringify(build({}, { first_name, points, tier }));
      assert.equal(JSON.stringify(build({}, { tier, points, first_name })), one);
    }),
  );
});

test('a barcode message outside its encoding goes out as utf-8', () => {
  const barcodes = [{ format: 'PKBarcodeFormatQR', message: '{{first_name}}' }];
  const encoding = (first_name: string): unknown =>
    (build({ barcodes }, { first_name })['barcodes'] as { messageEncoding: string }[])[0]!.messageEncoding;
  assert.equal(encoding('Zoë'), 'iso-8859-1');
  assert.equal(encoding('Zoë €'), 'utf-8');
  assert.equal('barcode' in build({ barcodes: [{ format: 'PKBarcodeFormatCode128', message: '1' }] }), false);
});

test('of several changed fields only the first in design order speaks', () => {
  const fields = [{ key: 'a', changeMessage: '%@' }, { key: 'b' }, { key: 'c', changeMessage: '%@' }];
  assert.deepEqual([...effectiveChangeMessages(fields, ['c', 'b', 'a'])], ['a']);
  assert.deepEqual([...effectiveChangeMessages(fields, ['c', 'b'])], ['a', 'c']);
});

test('a sound design has no problems; each fault is found at its place', () => {
  const paths = (apple: Record<string, unknown>, images = IMAGE_NAMES): string[] =>
    checkAppleDesign(exampleDesign(apple), images).map(({ path }) => path);
  assert.deepEqual(paths({}), []);
  assert.deepEqual(paths({ images: {} }), ['/apple/images']);
  const withoutIcon = IMAGE_NAMES.filter((name) => name !== 'icon@2x.png');
  assert.deepEqual(paths({}, withoutIcon), ['/apple/images/icon']);
  assert.deepEqual(paths({ style: 'boardingPass' }), ['/apple/transitType']);
  assert.deepEqual(paths({ additionalInfoFields: [] }), ['/apple/additionalInfoFields']);
  assert.deepEqual(paths({ style: 'eventTicket', additionalInfoFields: [{ key: 'tier', value: 'x' }] }), [
    '/apple/additionalInfoFields/0/key',
  ]);
  assert.deepEqual(paths({ logoText: '{{visual.nothing}}' }), ['/apple/logoText']);
  assert.deepEqual(paths({ primaryFields: [{ key: 'tier', value: 'x' }] }), ['/apple/auxiliaryFields/0/key']);
});

test('pass.strings escapes what would end a string', () => {
  assert.equal(passStrings({ 'a"b': 'c\\d\n' }).toString(), '"a\\"b" = "c\\\\d\\n";\n');
});
