import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IDENTIFIER_KINDS, normaliseIdentifier, parseIdentifiers } from '../../src/passes/identifiers.js';

const FR = { defaultCountry: 'FR', custom: ['cardNumber'] };
const value = (kind: string, raw: unknown) => {
  const result = normaliseIdentifier(kind, raw, FR);
  assert.equal(result.ok, true, JSON.stringify(result));
  return (result as { value: string }).value;
};

test('normal form is stable: applying it twice changes nothing', () => {
  const phones = fc
    .tuple(fc.constantFrom('+33', '0', '+44', '001'), fc.stringMatching(/^[1-9][0-9 ]{6,10}$/))
    .map(([a, b]) => a + b);
  const emails = fc.oneof(
    fc.emailAddress(),
    fc.string({ unit: 'grapheme', minLength: 1 }).map((local) => `${local}@Exämple.org`),
  );
  const raw = fc.oneof(fc.string({ unit: 'binary' }), emails, phones, fc.integer());
  fc.assert(
    fc.property(fc.constantFrom(...IDENTIFIER_KINDS, 'cardNumber'), raw, (kind, given) => {
      const once = normaliseIdentifier(kind, given, FR);
      if (once.ok !== true || once.value.includes('&amp;')) return;
      assert.deepEqual(normaliseIdentifier(kind, once.value, FR), once);
    }),
    { numRuns: 3000 },
  );
});

test('never throws, and never gives an empty value', () => {
  fc.assert(
    fc.property(fc.string(), fc.anything(), (kind, raw) => {
      const result = normaliseIdentifier(kind, raw, FR);
      if (result.ok === true) assert.notEqual(result.value.trim(), '');
    }),
  );
});

test('what templates leave for nothing is absent for every kind', () => {
  for (const kind of [...IDENTIFIER_KINDS, 'cardNumber']) {
    for (const blank of [
      '',
      ' ',
      '\t\n',
      'None',
      'null',
      'undefined',
      'nan',
      'NaN',
      'N/A',
      'None None',
      ' none ',
      '\u0000',
      '\u00a0',
      '\u200b',
      '\u2060\u00ad \ufeff',
      'None\u200b',
      null,
      undefined,
    ]) {
      assert.deepEqual(normaliseIdentifier(kind, blank), { ok: 'absent' }, `${kind}: ${JSON.stringify(blank)}`);
    }
  }
});

test('a template tag is refused for every kind', () => {
  for (const kind of IDENTIFIER_KINDS) {
    for (const tag of ['{{ person.email }}', '{{person', 'a}}@b.org', '{% if x %}']) {
      assert.equal(normaliseIdentifier(kind, tag).ok, false, `${kind}: ${tag}`);
    }
  }
});

test('e-mail: trimmed, composed, lower-case, entities decoded once', () => {
  assert.equal(value('email', '  Zoe\u0308.O&#x27;Brien@Example.COM '), "zoë.o'brien@example.com");
  assert.equal(value('email', 'a&amp;b@x.org'), 'a&b@x.org');
  for (const bad of [
    'no-at.example.com',
    'a@b',
    'a b@x.org',
    'a&amp;amp;b@x.org',
    'a@x.org,b@x.org',
    '<a@x.org>',
    'a@b@x.org',
  ]) {
    assert.equal(normaliseIdentifier('email', bad).ok, false, bad);
  }
});

test('phone: E.164 with the tenant’s country', () => {
  for (const form of [
    '06 12 34 56 78',
    '+33 06 12 34 56 78',
    'tel:+33612345678',
    '="+33612345678"',
    '0033612345678',
    '(+33) 6-12.34.56.78',
  ]) {
    assert.equal(value('phone', form), '+33612345678', form);
  }
  assert.equal(value('phone', '+15005550006'), '+15005550006');
  assert.equal(normaliseIdentifier('phone', '06 12 34 56 78', {}).ok, false);
  for (const bad of ['123', 'call 0612345678', '06 12 34 56 78 ext 5', '+336123456789012']) {
    assert.equal(normaliseIdentifier('phone', bad, FR).ok, false, bad);
  }
});

test('phone: as people and WhatsApp write it', () => {
  for (const [form, number, country = 'US'] of [
    ['+5215512345678', '+525512345678'],
    ['+54 9 11 15 2345 6789', '+5491123456789'],
    ['+54 11 15-2345-6789', '+5491123456789'],
    ['+54 2965 15 412345', '+5492965412345'],
    ['"+14155550137"', '+14155550137'],
    ['\u201c+14155550137\u201d', '+14155550137'],
    ['+٣٣٦١٢٣٤٥٦٧٨', '+33612345678'],
    ['۰۰۳۳۶۱۲۳۴۵۶۷۸', '+33612345678'],
    ['+९१ ९८७६५ ४३२१०', '+919876543210'],
    ['+52 1 (55) 1234-5678', '+525512345678'],
    ['5215512345678', '+525512345678'],
    ['5215512345678@c.us', '+525512345678'],
    ['whatsapp:+5215512345678', '+525512345678'],
    ['https://wa.me/5215512345678', '+525512345678'],
    ['044 55 1234 5678', '+525512345678', 'MX'],
    ['+5491112345678', '+5491112345678'],
    ['+54 11 15 1234-5678', '+5491112345678'],
    ['+44 (0)20 7946 0958', '+442079460958'],
    ['+49 (0)171 1234567', '+491711234567'],
    ['+61 0412 345 678', '+61412345678'],
    ['+39 0333 1234567', '+393331234567'],
    ['+39 06 12345678', '+390612345678'],
    ['+34 0 612 345 678', '+34612345678'],
    ['0033 6 12 34 56 78', '+33612345678'],
    ['++33612345678', '+33612345678'],
    ['＋３３６１２３４５６７８', '+33612345678'],
    ['\u202a+33 6 12 34 56 78\u202c', '+33612345678'],
    ['4155559001', '+14155559001'],
  ] as const) {
    assert.deepEqual(
      normaliseIdentifier('phone', form, { defaultCountry: country }),
      { ok: true, value: number },
      form,
    );
  }
  for (const unclear of ['0612345678', '1234567890', '+10612345678', '33612345678', '+1 415 555 0001 x12']) {
    assert.equal(normaliseIdentifier('phone', unclear, { defaultCountry: 'US' }).ok, false, unclear);
  }
});

test('what nobody sees tells no two people apart', () => {
  for (const [kind, plain] of [
    ['email', 'sarah@example.com'],
    ['phone', '+33612345678'],
    ['customerId', 'C-1001'],
    ['cardNumber', '77'],
  ] as const) {
    for (const hidden of ['\u200b', '\ufeff', '\u00ad', '\u2060', '\u200e', '&#8203;']) {
      if (hidden.startsWith('&') && kind !== 'email') continue;
      const middle = plain.slice(0, 2) + hidden + plain.slice(2);
      for (const form of [hidden + plain, plain + hidden, middle, ` ${plain}\t`])
        assert.equal(value(kind, form), plain);
    }
  }
});

test('other ids: trimmed, case kept, only &amp; decoded, exact numbers only', () => {
  assert.equal(value('customerId', ' C-1001x '), 'C-1001x');
  assert.equal(value('externalId', 'a&amp;b&copy;'), 'a&b&copy;');
  assert.equal(value('customerId', 1001), '1001');
  for (const bad of [2 ** 53, 1.5, NaN, true, [], {}, 'x'.repeat(256)])
    assert.equal(normaliseIdentifier('customerId', bad).ok, false);
});

test('collects every problem with its pointer; an unreadable address or phone beside another identifier is a warning', () => {
  const ok = parseIdentifiers({ email: 'A@x.org', phone_number: '123', emial: 'b@x.org', cardNumber: 7 }, FR);
  assert.deepEqual(ok.identifiers, [
    { kind: 'email', value: 'a@x.org' },
    { kind: 'cardNumber', value: '7' },
  ]);
  assert.deepEqual(ok.problems, []);
  assert.deepEqual(
    ok.warnings.map(({ pointer }) => pointer),
    ['/identifiers/emial', '/identifiers/phone_number'],
  );
  assert.match(ok.warnings[0]!.message, /did you mean "email"/);
  const bad = parseIdentifiers({ email: '{{ person.email }}', 'a/b': 1, customerId: [] }, { ...FR, custom: ['a/b'] });
  assert.deepEqual(
    bad.problems.map(({ pointer }) => pointer),
    ['/identifiers/email', '/identifiers/customerId'],
  );
  for (const unreadable of [{ phone: '123' }, { email: 'mail at example.com' }]) {
    const [kind] = Object.keys(unreadable);
    assert.equal(parseIdentifiers(unreadable, FR).problems[0]!.pointer, `/identifiers/${kind}`);
    for (const beside of [
      parseIdentifiers({ ...unreadable, customerId: 'C-1' }, FR),
      parseIdentifiers(unreadable, { ...FR, beside: [{ kind: 'customerId', value: 'C-1' }] }),
    ]) {
      assert.deepEqual(beside.problems, []);
      assert.equal(beside.warnings[0]!.pointer, `/identifiers/${kind}`);
    }
  }
});

test('a template narrows but names nobody; blanks name nobody; contradictions are refused', () => {
  for (const nobody of [{}, { email: 'None' }, { passTemplate: 'ptk_0x1' }]) {
    assert.match(parseIdentifiers(nobody, FR).problems[0]!.message, /no identifier/);
  }
  assert.match(
    parseIdentifiers({ phone: '0612345678', phone_number: '0612345679' }, FR).problems[0]!.message,
    /contradicts/,
  );
  assert.deepEqual(parseIdentifiers({ phone: '0612345678', phone_number: '+33612345678' }, FR).problems, []);
});
