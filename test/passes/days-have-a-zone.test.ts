import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isTimeZone, momentInZone, readableTime } from '../../src/common/zoned-time.js';
import { passTypeDesign, type PassTypeDesign } from '../../src/passes/pass-type.js';
import { viewOfPass, type PassLocale } from '../../src/passes/pass-view.js';
import { computeVisuals } from '../../src/passes/visuals.js';
import { timesOfPass } from '../../src/passes/pass-view.js';
import type { JsonValue } from '../../src/common/json.js';
import { applePassJson } from '../../src/wallets/apple/pass-json.js';
import { googleObject } from '../../src/wallets/google/wallet-object.js';

const ZONES = [
  'UTC',
  'America/Los_Angeles',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Pacific/Apia',
  'America/Havana',
  'Australia/Lord_Howe',
];

/** The day that people in a zone read on their calendar at an instant. */
const dayThere = (at: number, zone: string): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);

test('a day begins and ends where its zone says, also when clocks change on it', () => {
  const day = fc
    .date({ min: new Date('2024-01-01'), max: new Date('2030-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  fc.assert(
    fc.property(day, fc.constantFrom(...ZONES), (given, zone) => {
      const start = Date.parse(momentInZone(given, zone, 'start')!);
      const end = Date.parse(momentInZone(given, zone, 'end')!);
      assert.equal(dayThere(start, zone), given);
      assert.equal(dayThere(end, zone), given);
      assert.notEqual(dayThere(start - 1_000, zone), given);
      assert.notEqual(dayThere(end + 1_000, zone), given);
    }),
  );
});

test('only IANA names are zones', () => {
  for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires']) assert.ok(isTimeZone(name), name);
  for (const name of ['', 'CET+1', '+01:00', 'Berlin', 'Europe/Atlantis', 'europe', 'Z']) {
    assert.ok(!isTimeZone(name), name);
  }
});

test('what is no date stays none', () => {
  for (const text of ['31.12.2026', 'tomorrow 9am', '2026-02-30', '2026-12-31T25:00Z', '', '20261231']) {
    assert.equal(momentInZone(text, 'Europe/Berlin'), undefined, text);
    assert.equal(readableTime(text, { language: 'en', zone: undefined }), text);
  }
});

const design = (extra: object = {}, fields: Record<string, object> = {}): PassTypeDesign =>
  passTypeDesign.parse({
    name: 'coupon',
    id: 'ptk_0x1',
    description: 'Coupon',
    organizationName: 'Test',
    fields: [
      { apiFieldName: 'until', type: 'date', ...fields['until'] },
      { apiFieldName: 'at', type: 'datetime', ...fields['at'] },
      { apiFieldName: 'time-zone', type: 'text' },
    ],
    visuals: { line: { template: 'Doors {{at}}' } },
    apple: {
      passTypeIdentifier: 'pass.com.example.coupon',
      style: 'coupon',
      headerFields: [{ key: 'day', label: 'Until', value: '{{until}}', dateStyle: 'PKDateStyleMedium' }],
      primaryFields: [{ key: 'plain', value: '{{at}}' }],
      secondaryFields: [
        { key: 'text', value: 'Doors {{at}}, until {{until}}' },
        { key: 'styled', value: '{{at}}', dateStyle: 'PKDateStyleShort', timeStyle: 'PKDateStyleShort' },
      ],
      expirationDate: '{{until}}',
      relevantDates: [{ startDate: '{{at}}', endDate: '{{until}}' }],
      relevantDate: '{{until}}',
    },
    google: {
      type: 'offer',
      classSuffix: 'coupon',
      object: {
        validTimeInterval: { start: { date: '{{at}}' }, end: { date: '{{until}}' } },
        textModulesData: [{ id: 'a', header: 'Doors', body: 'At {{at}}' }],
        barcode: { type: 'QR_CODE', value: '{{at}}/{{until}}' },
        messages: [{ id: 'm', localizedBody: { defaultValue: { language: 'de', value: '{{at}}' } } }],
      },
    },
    ...extra,
  });

interface ShownField {
  key: string;
  value: string;
  ignoresTimeZone?: boolean;
}
interface ShownByApple {
  expirationDate: string;
  relevantDate: string;
  relevantDates: { startDate: string; endDate: string }[];
  coupon: Record<string, ShownField[]>;
}
interface ShownByGoogle {
  validTimeInterval: { start: { date: string }; end: { date: string } };
  textModulesData: { body: string }[];
  messages: { localizedBody: { defaultValue: { value: string } } }[];
  barcode: { value: string };
}

const DATA = { until: '2026-12-31', at: '2026-12-31T18:30:00.000Z' };

function shown(of: PassTypeDesign, locale: PassLocale, data: Record<string, JsonValue> = DATA) {
  const view = viewOfPass({
    design: of,
    data,
    visuals: computeVisuals(of, data, timesOfPass(of, data, locale)),
    serialNumber: 's',
    externalId: null,
    publicUrl: 'https://passes.example',
    locale,
  });
  const apple = applePassJson({
    design: of,
    teamIdentifier: 'TEAM123456',
    serialNumber: 's',
    authenticationToken: 'x'.repeat(16),
    webServiceUrl: 'https://passes.example/apple',
    view,
    state: 'active',
    modifiedAt: new Date('2026-01-01T00:00:00Z'),
  }) as unknown as ShownByApple;
  const google = googleObject({
    design: of.google!,
    classId: '1.c',
    objectId: '1.o',
    view,
    state: 'ACTIVE',
    notify: false,
  }) as unknown as ShownByGoogle;
  const field = (key: string): ShownField => {
    const found = Object.values(apple.coupon)
      .flat()
      .find((one) => one.key === key);
    return found!;
  };
  return { apple, google, field, visuals: view.visuals };
}

describe('a shop in California', () => {
  const { apple, google, field, visuals } = shown(design(), { timeZone: 'America/Los_Angeles', language: 'en-US' });

  test('its coupon ends with the last second of the day there', () => {
    assert.equal(apple.expirationDate, '2026-12-31T23:59:59-08:00');
    assert.equal(apple.relevantDate, '2026-12-31T00:00:00-08:00');
    assert.deepEqual(apple.relevantDates, [
      { startDate: '2026-12-31T10:30:00-08:00', endDate: '2026-12-31T23:59:59-08:00' },
    ]);
  });

  test('start and end have one form at Google', () => {
    assert.deepEqual(google.validTimeInterval, {
      start: { date: '2026-12-31T10:30:00-08:00' },
      end: { date: '2026-12-31T23:59:59-08:00' },
    });
  });

  test('a datetime shows the time there, readable, on both wallets and in visuals', () => {
    const readable = /^Dec 31, 2026, 10:30\sAM$/;
    assert.match(field('plain').value, readable);
    assert.match(field('text').value, /^Doors Dec 31, 2026, 10:30\sAM, until Dec 31, 2026$/);
    assert.match(visuals['line']!, /^Doors Dec 31, 2026, 10:30\sAM$/);
    assert.match(google.textModulesData[0]!.body, /^At Dec 31, 2026, 10:30\sAM$/);
    assert.match(google.messages[0]!.localizedBody.defaultValue.value, /^31\. Dez\. 2026, 10:30$/);
    assert.equal(field('styled').value, '2026-12-31T10:30:00-08:00');
    assert.equal(field('styled').ignoresTimeZone, true);
    assert.equal(field('day').value, '2026-12-31T00:00:00-08:00');
    assert.equal(field('day').ignoresTimeZone, true);
  });

  test('what machines read stays as it is', () => {
    assert.equal(google.barcode.value, '2026-12-31T18:30:00.000Z/2026-12-31');
  });
});

test('summer and winter time differ', () => {
  const locale = { timeZone: 'Europe/Berlin', language: 'de' };
  assert.equal(shown(design(), locale).apple.expirationDate, '2026-12-31T23:59:59+01:00');
  const summer = { ...DATA, until: '2026-07-01' };
  assert.equal(shown(design(), locale, summer).apple.expirationDate, '2026-07-01T23:59:59+02:00');
});

for (const [zone, day, at, start, end] of [
  ['Europe/Berlin', '2026-10-25', '2026-10-24T22:30:00.000Z', '2026-10-25T00:30:00+02:00', '2026-10-25T23:59:59+01:00'],
  ['Europe/Berlin', '2026-03-29', '2026-03-28T23:30:00.000Z', '2026-03-29T00:30:00+01:00', '2026-03-29T23:59:59+02:00'],
  [
    'America/Los_Angeles',
    '2026-11-01',
    '2026-11-01T07:30:00.000Z',
    '2026-11-01T00:30:00-07:00',
    '2026-11-01T23:59:59-08:00',
  ],
] as const) {
  test(`${zone}, ${day}: a day on which clocks change begins and ends alike on both wallets`, () => {
    const { apple, google } = shown(design(), { timeZone: zone, language: 'en' }, { until: day, at });
    assert.deepEqual(google.validTimeInterval, { start: { date: start }, end: { date: end } });
    assert.equal(apple.expirationDate, end);
    assert.equal(apple.relevantDate.slice(0, 10), day);
  });
}

test('a field has a zone of its own, and a customer one by a field; the tenant’s is for the rest', () => {
  const locale = { timeZone: 'Europe/Berlin', language: 'en' };
  // A day later: in Tokyo the same day ends before the evening in Berlin begins, and such a period is left out.
  const own = shown(design({}, { until: { timeZone: 'Asia/Tokyo' } }), locale, { ...DATA, until: '2027-01-01' });
  assert.equal(own.apple.expirationDate, '2027-01-01T23:59:59+09:00');
  assert.equal(own.apple.relevantDates[0]!.startDate, '2026-12-31T19:30:00+01:00');
  const ofCustomer = design({ timeZone: '{{time-zone}}' });
  const there = shown(ofCustomer, locale, { ...DATA, 'time-zone': 'America/New_York' });
  assert.equal(there.apple.expirationDate, '2026-12-31T23:59:59-05:00');
  const unknown = shown(ofCustomer, locale, { ...DATA, 'time-zone': 'Mars/Olympus' });
  assert.equal(unknown.apple.expirationDate, '2026-12-31T23:59:59+01:00');
});

test('a visual that is a sentence has readable days, one that names a file or ends a pass keeps them', () => {
  const visuals = {
    sentence: { template: 'Gültig bis {{until}}' },
    file: { template: 'strip-{{until}}' },
    end: { template: '{{until}}' },
  };
  const made = shown(design({ visuals, description: '{{visual.sentence}}' }), {
    timeZone: 'Europe/Berlin',
    language: 'de',
  });
  assert.deepEqual(made.visuals, { sentence: 'Gültig bis 31. Dez. 2026', file: 'strip-2026-12-31', end: '2026-12-31' });
});

test('without a zone days are UTC, and a readable time says so', () => {
  const { apple, google, field } = shown(design(), { timeZone: null, language: 'en' });
  assert.equal(apple.expirationDate, '2026-12-31T23:59:59Z');
  assert.deepEqual(google.validTimeInterval.end, { date: '2026-12-31T23:59:59Z' });
  assert.match(field('plain').value, /^Dec 31, 2026, 6:30\sPM UTC$/);
  assert.equal(field('styled').ignoresTimeZone, undefined, 'the phone shows its own zone');
});
