import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PermanentError } from '../../../src/common/errors.js';
import type { JsonValue } from '../../../src/common/json.js';
import type { GoogleDesign } from '../../../src/passes/pass-type.js';
import { checkGoogleDesign } from '../../../src/wallets/google/check-design.js';
import { googleClassId, googleObjectId } from '../../../src/wallets/google/resource-ids.js';
import { googleClass, googleObject, GOOGLE_STATES } from '../../../src/wallets/google/wallet-object.js';
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
    assert.deepEqual(Object.keys(bare).sort(), ['classId', 'id', 'loyaltyPoints', 'state', 'textModulesData']);
    assert.deepEqual(bare['loyaltyPoints'], { label: 'Points' });
    assert.equal('subheader' in make(generic, { firstName: 'Zoë' }), false);
  });

  test('a required value that is missing is refused here, with the field’s name', () => {
    assert.throws(
      () => make(generic, {}),
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
