import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PermanentError } from '../../../src/common/errors.js';
import type { JsonValue } from '../../../src/common/json.js';
import type { GoogleDesign, PassField } from '../../../src/passes/pass-type.js';
import { checkGoogleDesign } from '../../../src/wallets/google/check-design.js';
import { ENUMS } from '../../../src/wallets/google/schema-enums.js';
import { googleClassId, googleObjectId } from '../../../src/wallets/google/resource-ids.js';
import { googleClass, googleObject, googleWrite, GOOGLE_STATES } from '../../../src/wallets/google/wallet-object.js';
import { designs, generic, ISSUER, loyalty, offer, view } from './fixtures.js';

type Section = Record<string, JsonValue>;
const changed = (design: GoogleDesign, part: 'class' | 'object', section: Section): GoogleDesign => ({
  ...design,
  [part]: { ...design[part], ...section },
});

describe('a design is checked before Google sees it', () => {
  test('good designs pass', () => {
    for (const design of Object.values(designs)) assert.deepEqual(checkGoogleDesign(design), []);
  });

  const image = (uri: string) => ({ sourceUri: { uri } });
  const localized = (value: string) => ({ defaultValue: { language: 'en', value } });
  const totp = (more: object) => ({
    algorithm: 'TOTP_SHA1',
    periodMillis: '3000',
    parameters: [JSON.parse(JSON.stringify({ key: 'aa00', valueLength: 8, ...more })) as JsonValue],
  });
  const rotating = { type: 'QR_CODE', valuePattern: '{{memberId}}-{totp_value_0}', totpDetails: totp({}) };
  const wrong: Record<string, [GoogleDesign, path: string, cure: RegExp]> = {
    'a tier on the object': [
      changed(loyalty, 'object', { rewardsTier: '{{tier}}' }),
      'object.rewardsTier',
      /class section/,
    ],
    'a colour on a loyalty object': [
      changed(loyalty, 'object', { hexBackgroundColor: '#fff' }),
      'object.hexBackgroundColor',
      /class section/,
    ],
    'a colour on a generic class': [
      changed(generic, 'class', { hexBackgroundColor: '#fff' }),
      'class.hexBackgroundColor',
      /object section/,
    ],
    'an unknown nested field': [
      changed(loyalty, 'object', { loyaltyPoints: { balance: { integer: 1 } } }),
      'object.loyaltyPoints.balance.integer',
      /double, int/,
    ],
    'a field in the wrong case': [changed(offer, 'class', { fineprint: 'x' }), 'class.fineprint', /Write finePrint/],
    'a deprecated enum name': [
      changed(offer, 'class', { redemptionChannel: 'instore' }),
      'class.redemptionChannel',
      /INSTORE/,
    ],
    'a text for a number': [
      changed(loyalty, 'object', { loyaltyPoints: { balance: { int: 'many' } } }),
      'object.loyaltyPoints.balance.int',
      /quotation/,
    ],
    'an object for a list': [changed(loyalty, 'object', { messages: {} }), 'object.messages', /square brackets/],
    'eleven messages': [
      changed(loyalty, 'object', { messages: Array(11).fill({ body: 'x' }) }),
      'object.messages',
      /Remove/,
    ],
    'a URI without a scheme': [
      changed(loyalty, 'class', { heroImage: image('shop.example/a.png') }),
      'class.heroImage.sourceUri.uri',
      /https/,
    ],
    'a template URI without a scheme': [
      changed(loyalty, 'object', { heroImage: image('shop.example/{{tier}}.png') }),
      'object.heroImage.sourceUri.uri',
      /https/,
    ],
    'a colour by name': [
      changed(loyalty, 'class', { hexBackgroundColor: 'red' }),
      'class.hexBackgroundColor',
      /#rrggbb/,
    ],
    'a missing required field': [{ ...offer, class: {} }, 'class.title', /Add title/],
    'an id of its own': [changed(generic, 'object', { id: '1.x' }), 'object.id', /Remove/],
    'an own reviewStatus': [
      changed(offer, 'class', { reviewStatus: 'APPROVED' }),
      'class.reviewStatus',
      /UNDER_REVIEW/,
    ],
    'an image with two sources': [
      changed(loyalty, 'object', { heroImage: { ...image('https://a.example/a.png'), privateImageId: 'i' } }),
      'object.heroImage',
      /Keep one/,
    ],
    'an image without a source': [
      changed(loyalty, 'object', { imageModulesData: [{ mainImage: {} }] }),
      'object.imageModulesData.0.mainImage',
      /sourceUri or privateImageId/,
    ],
    'an image module without an image': [
      changed(loyalty, 'object', { imageModulesData: [{ id: 'i' }] }),
      'object.imageModulesData.0',
      /Add mainImage/,
    ],
    'two image modules': [
      changed(loyalty, 'object', { imageModulesData: Array(2).fill({ mainImage: image('https://a.example/a.png') }) }),
      'object.imageModulesData',
      /most important/,
    ],
    'eleven text modules': [
      changed(loyalty, 'object', { textModulesData: Array(11).fill({ body: 'x' }) }),
      'object.textModulesData',
      /most important/,
    ],
    'an id with a point': [
      changed(loyalty, 'object', { textModulesData: [{ id: 'a.b', body: 'x' }] }),
      'object.textModulesData.0.id',
      /letters, digits/,
    ],
    'a header that Google cuts': [
      changed(loyalty, 'object', { valueAddedModuleData: [{ header: localized('x'.repeat(61)) }] }),
      'object.valueAddedModuleData.0',
      /Shorten/,
    ],
    'two forms of a balance': [
      changed(loyalty, 'object', { loyaltyPoints: { balance: { int: 1, string: '1' } } }),
      'object.loyaltyPoints.balance',
      /Keep one/,
    ],
    'points without a balance': [
      changed(loyalty, 'object', { loyaltyPoints: { label: 'Points' } }),
      'object.loyaltyPoints',
      /Add balance/,
    ],
    'money without its currency': [
      changed(loyalty, 'object', { loyaltyPoints: { balance: { money: { micros: '1' } } } }),
      'object.loyaltyPoints.balance.money',
      /currencyCode/,
    ],
    'an unknown currency': [
      changed(loyalty, 'object', { loyaltyPoints: { balance: { money: { micros: '1', currencyCode: 'QQQ' } } } }),
      'object.loyaltyPoints.balance.money.currencyCode',
      /three capitals/,
    ],
    'a place without a longitude': [
      changed(loyalty, 'object', { merchantLocations: [{ latitude: 1 }] }),
      'object.merchantLocations.0',
      /longitude/,
    ],
    'eleven places': [
      changed(loyalty, 'object', { merchantLocations: Array(11).fill({ latitude: 1, longitude: 1 }) }),
      'object.merchantLocations',
      /Remove/,
    ],
    'a language that is none': [
      changed(generic, 'object', { header: { defaultValue: { language: 'english!', value: 'x' } } }),
      'object.header.defaultValue.language',
      /en-US/i,
    ],
    'a country that is none': [changed(loyalty, 'class', { countryCode: 'Germany' }), 'class.countryCode', /capitals/],
    'a linked offer that is no id': [
      changed(loyalty, 'object', { linkedOfferIds: ['gold offer'] }),
      'object.linkedOfferIds.0',
      /issuer id/,
    ],
    'a rotating barcode that does not rotate': [
      changed(loyalty, 'object', { rotatingBarcode: { ...rotating, valuePattern: 'fixed' } }),
      'object.rotatingBarcode',
      /totp_value_0/,
    ],
    'a rotating barcode with a missing parameter': [
      changed(loyalty, 'object', { rotatingBarcode: { ...rotating, valuePattern: '{totp_value_1}' } }),
      'object.rotatingBarcode',
      /Add 1/,
    ],
    'a rotating barcode with an unknown substitution': [
      changed(loyalty, 'object', { rotatingBarcode: { ...rotating, valuePattern: '{totp_value_0} {time}' } }),
      'object.rotatingBarcode',
      /totp_timestamp/,
    ],
    'a key that is not hexadecimal': [
      changed(loyalty, 'object', { rotatingBarcode: { ...rotating, totpDetails: totp({ key: 'secret' }) } }),
      'object.rotatingBarcode.totpDetails.parameters.0.key',
      /hexadecimal/,
    ],
    'a rotating barcode without a length': [
      changed(loyalty, 'object', { rotatingBarcode: { ...rotating, totpDetails: totp({ valueLength: undefined }) } }),
      'object.rotatingBarcode.totpDetails.parameters.0',
      /Add valueLength/,
    ],
    'a barcode without a type': [changed(loyalty, 'object', { barcode: { value: 'x' } }), 'object.barcode', /Add type/],
    'a number with words': [
      changed(loyalty, 'object', { loyaltyPoints: { balance: { int: '{{points}} points' } } }),
      'object.loyaltyPoints.balance.int',
      /field alone/,
    ],
    'a day with words': [
      changed(loyalty, 'object', { validTimeInterval: { end: { date: 'until {{until}}' } } }),
      'object.validTimeInterval.end.date',
      /field alone/,
    ],
    'data in the class': [changed(loyalty, 'class', { programName: '{{tier}}' }), 'class', /object section/],
  };
  for (const [what, [design, path, cure]] of Object.entries(wrong)) {
    test(`${what} is named with path and cure`, () => {
      const found = checkGoogleDesign(design).find((problem) => problem.path === path);
      assert.match(found?.cure ?? 'nothing found', cure);
    });
  }
});

describe('resources', () => {
  const make = (design: GoogleDesign, fields: Record<string, string | number>, notify = false) =>
    googleObject({ design, classId: '1.c', objectId: '1.o', view: view(fields), state: 'ACTIVE', notify });

  test('values take the types of Google’s schema, and absent ones leave their key out', () => {
    const full = make(loyalty, { memberId: 4711, points: '12', firstName: 'Zoë', note: 'n' });
    assert.equal(full['accountId'], '4711');
    assert.deepEqual(full['loyaltyPoints'], { label: 'Points', balance: { int: 12 } });
    const bare = make(loyalty, {});
    assert.deepEqual(Object.keys(bare).sort(), ['classId', 'id', 'state', 'textModulesData']);
    assert.equal('subheader' in make(generic, { firstName: 'Zoë' }), false);
  });

  test('a required text without a value is stood in for, and refused here where nothing can', () => {
    const { header, cardTitle } = make(generic, {});
    assert.deepEqual(header, cardTitle);
    const bare = changed(generic, 'object', { cardTitle: { defaultValue: { language: 'en', value: '{{tier}}' } } });
    assert.throws(
      () => make(bare, {}),
      (e: unknown) => e instanceof PermanentError && /header/.test(e.message),
    );
  });

  test('only loyalty and offer ask to notify, and only when told to', () => {
    const asks = (design: GoogleDesign, notify: boolean) =>
      'notifyPreference' in make(design, { firstName: 'Z' }, notify);
    assert.deepEqual([asks(loyalty, true), asks(offer, true), asks(generic, true)], [true, true, false]);
    assert.equal(asks(loyalty, false), false);
  });

  test('a class is under review where the type has a review, and meant for one person', () => {
    for (const design of Object.values(designs)) {
      const klass = googleClass({ design, issuerId: '1', classId: '1.c' });
      assert.equal(klass['reviewStatus'], design.type === 'generic' ? undefined : 'UNDER_REVIEW');
      assert.equal(klass['multipleDevicesAndHoldersAllowedStatus'], 'ONE_USER_ALL_DEVICES');
    }
    assert.throws(() => googleClass({ design: loyalty, issuerId: '2', classId: '1.c' }), PermanentError);
  });

  test('every state of a pass has a word of Google’s', () => {
    assert.deepEqual(GOOGLE_STATES, { active: 'ACTIVE', expired: 'EXPIRED', voided: 'INACTIVE', deleted: 'INACTIVE' });
  });

  test('ids obey the rules, repeat for the same pass and never meet for another', () => {
    const part = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(part, part, part, part, (tenantA, passA, tenantB, passB) => {
        const a = googleObjectId(ISSUER, tenantA, passA);
        assert.match(a, /^\d+\.[A-Za-z0-9._-]+$/);
        assert.equal(a, googleObjectId(ISSUER, tenantA, passA));
        assert.equal(a === googleObjectId(ISSUER, tenantB, passB), tenantA === tenantB && passA === passB);
        assert.notEqual(a, googleObjectId(ISSUER, tenantA, passA, 'other'));
      }),
    );
    assert.notEqual(googleClassId(ISSUER, 'a', 'x'), googleClassId(ISSUER, 'b', 'x'));
    assert.notEqual(googleClassId(ISSUER, 'a', 'x', 1), googleClassId(ISSUER, 'a', 'x', 2));
    assert.throws(() => googleObjectId('my issuer', 'a', 'b'), PermanentError);
  });
});

test('modules, places, linked passes and a rotating barcode are taken, and go out whole', () => {
  const image = { sourceUri: { uri: 'https://a.example/a.png' } };
  const more = {
    imageModulesData: [{ id: 'map', mainImage: image }],
    valueAddedModuleData: [
      { header: { defaultValue: { language: 'en', value: 'Order' } }, image, uri: 'https://a.example' },
    ],
    merchantLocations: [{ latitude: 48.1, longitude: 11.5 }],
    linkedObjectIds: ['1.offer-{{tier}}', '2.other'],
    rotatingBarcode: {
      type: 'QR_CODE',
      valuePattern: '{{memberId}}-{totp_value_0}-{totp_timestamp_seconds}',
      totpDetails: {
        algorithm: 'TOTP_SHA1',
        periodMillis: '3000',
        parameters: [{ key: 'aa00', valueLength: 8 }],
      },
    },
  };
  const design = { ...loyalty, object: { ...loyalty.object, ...more } };
  assert.deepEqual(checkGoogleDesign(design), []);
  const told: string[] = [];
  const object = googleObject({
    design,
    classId: '1.c',
    objectId: '1.o',
    view: { ...view({ memberId: 7, tier: 'gold' }), pass: { serialNumber: 's' } },
    state: 'ACTIVE',
    notify: false,
    leaveOut: ({ path }) => void told.push(path),
  });
  const { linkedObjectIds, rotatingBarcode, ...rest } = { ...more, ...object };
  assert.deepEqual(linkedObjectIds, ['1.offer-gold']);
  assert.deepEqual(told, ['object.linkedObjectIds']);
  assert.equal((rotatingBarcode as { valuePattern: string }).valuePattern, '7-{totp_value_0}-{totp_timestamp_seconds}');
  for (const field of ['imageModulesData', 'valueAddedModuleData', 'merchantLocations'] as const) {
    assert.deepEqual(rest[field], more[field]);
  }
});

/** Values that a type of barcode draws, and values that it cannot. */
const CODES: Record<string, { right: string[]; wrong: string[] }> = {
  QR_CODE: { right: ['Größe 😀'], wrong: ['x'.repeat(3000)] },
  AZTEC: { right: ['Größe'], wrong: ['x'.repeat(2000)] },
  PDF_417: { right: ['Größe'], wrong: ['x'.repeat(1200)] },
  DATA_MATRIX: { right: ['Größe'], wrong: ['x'.repeat(1600)] },
  CODE_128: { right: ['a B 1'], wrong: ['Größe', 'x'.repeat(131)] },
  CODE_39: { right: ['KESTREL-42'], wrong: ['kestrel', 'A*B'] },
  CODABAR: { right: ['A12-34B'], wrong: ['1234', 'A12E'] },
  EAN_8: { right: ['96385074', '9638507'], wrong: ['96385075', '963850', '9638507x'] },
  EAN_13: { right: ['4006381333931', '400638133393'], wrong: ['4006381333932', '40063813339'] },
  UPC_A: { right: ['036000291452', '03600029145'], wrong: ['036000291453', '0360002914'] },
  ITF_14: { right: ['00012345600012', '0001234560001'], wrong: ['00012345600013', '123'] },
  TEXT_ONLY: { right: ['Anything at all, ünd more'], wrong: [] },
};

test('a barcode of every type is checked against its value: in the design where it is known, on the pass where it comes', () => {
  assert.deepEqual(Object.keys(CODES).sort(), [...ENUMS['BarcodeType']!].sort());
  for (const [type, { right, wrong }] of Object.entries(CODES)) {
    for (const value of [...right, ...wrong]) {
      const fits = right.includes(value);
      const literal = changed(loyalty, 'object', { barcode: { type, value } });
      const found = checkGoogleDesign(literal).map(({ path, severity }) => ({ path, severity }));
      assert.deepEqual(found, fits ? [] : [{ path: 'object.barcode', severity: undefined }], `${type} ${value}`);

      const open = changed(loyalty, 'object', { barcode: { type, value: '{{code}}' } });
      const told: string[] = [];
      const object = googleObject({
        design: open,
        classId: '1.c',
        objectId: '1.o',
        view: view({ memberId: 7, code: value }),
        state: 'ACTIVE',
        notify: false,
        leaveOut: ({ path }) => void told.push(path),
      });
      assert.deepEqual(told, fits ? [] : ['object.barcode'], `${type} ${value}`);
      assert.deepEqual(object['barcode'], fits ? { type, value } : undefined, `${type} ${value}`);
      assert.equal(object['accountId'], '7', 'the rest is written');
    }
  }
  const fields = [{ apiFieldName: 'until', type: 'date' as const, required: true }] as PassField[];
  const never = changed(loyalty, 'object', { barcode: { type: 'EAN_13', value: '{{until}}' } });
  assert.match(checkGoogleDesign(never, { fields, visuals: {} })[0]!.message, /never fits EAN13/);
});

test('passes that a conversion linked stay linked beside those of the design', () => {
  const current = { id: '1.o', linkedObjectIds: ['1.new'] };
  const desired = { id: '1.o', linkedObjectIds: ['1.offer'] };
  assert.deepEqual(googleWrite(current, desired), {
    method: 'PATCH',
    body: { id: '1.o', linkedObjectIds: ['1.new', '1.offer'] },
  });
  assert.deepEqual(googleWrite({ id: '1.o', linkedObjectIds: ['1.new', '1.offer'] }, desired), { method: 'none' });
  assert.deepEqual(googleWrite(current, { id: '1.o' }, ['linkedObjectIds']), { method: 'none' });
});
