import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passTypeDesign } from '../../../src/passes/pass-type.js';
import type { JsonValue } from '../../../src/common/json.js';
import { leftOutByApple } from '../../../src/wallets/apple/left-out.js';
import { applePassJson } from '../../../src/wallets/apple/pass-json.js';
import { base, type Json } from './design-faults.js';

const TYPES = ['text', 'number', 'date', 'datetime'] as const;
const types = Object.fromEntries(TYPES.map((type) => [`a-${type}`, type]));

/** What a design of a store card gives for these values, in a shop of Los Angeles whose customer reads German. */
function made(apple: object, fields: Record<string, JsonValue>, top: object = {}) {
  const design = passTypeDesign.parse({ ...base({ style: 'storeCard', ...apple }), ...top });
  const view = {
    fields,
    visuals: {},
    pass: {},
    times: { zone: 'America/Los_Angeles', zones: {}, types, language: 'de' },
  };
  const pass: Json = applePassJson({
    design,
    teamIdentifier: 'ABCDE12345',
    serialNumber: 's',
    authenticationToken: 'x'.repeat(16),
    webServiceUrl: 'https://passes.example/apple',
    view,
    state: 'active',
    modifiedAt: new Date(0),
  });
  const told = leftOutByApple({ design, images: { 'icon.png': 'a' } }, view).map(({ pointer }) => pointer);
  return { pass, told, field: pass.storeCard.backFields?.[0], tags: pass.semantics };
}
const back = (more: object) => ({ backFields: [{ key: 'b', value: 'x', ...more }] });
const tags = (semantics: object) => ({ extra: { semantics } });
const AT = { 'a-datetime': '2026-12-31T18:30:00.000Z' };
const READABLE = '31. Dez. 2026, 10:30';

test('values inside a change message bring no code of its format, and no raw time', () => {
  const { field } = made(back({ changeMessage: '{{a-text}} at {{a-datetime}}: %@' }), { 'a-text': '50% off', ...AT });
  assert.equal(field.changeMessage, `50%% off at ${READABLE}: %@`);
});

test('values inside markup bring no markup, and no raw time; a field that is the whole brings its own', () => {
  const link = '<a href="https://a.example/{{a-text}}">{{a-text}} {{a-datetime}}</a>';
  assert.equal(
    made(back({ attributedValue: link }), { 'a-text': 'A "&<b>', ...AT }).field.attributedValue,
    `<a href="https://a.example/A &quot;&amp;&lt;b&gt;">A &quot;&amp;&lt;b&gt; ${READABLE}</a>`,
  );
  const ajar = `<a href='https://a.example/{{a-text}}'>x</a>`;
  assert.equal(
    made(back({ attributedValue: ajar }), { 'a-text': `' id='y` }).field.attributedValue,
    `<a href='https://a.example/&#39; id=&#39;y'>x</a>`,
    'a value ends no quote, whichever the design chose',
  );
  const whole = '<a href="https://a.example">x</a>';
  assert.equal(made(back({ attributedValue: '{{a-text}}' }), { 'a-text': whole }).field.attributedValue, whole);
});

test('a text of placeholders alone is no value where none of them has one', () => {
  assert.equal(made(back({ value: '{{a-text}} {{a-number}}' }), {}).field, undefined);
  assert.equal(made(back({ value: '{{a-text}} {{a-number}}' }), { 'a-number': 0 }).field.value, ' 0');
});

test('keys of the design keep their meaning under extra', () => {
  const { pass } = made({ extra: { expirationDate: '{{a-date}}' } }, { 'a-date': '2026-12-31' });
  assert.equal(pass.expirationDate, '2026-12-31T23:59:59-08:00');
  const dates = (endDate: string) => ({ extra: { relevantDates: [{ startDate: '2026-12-31', endDate }] } });
  const early = made(dates('{{a-datetime}}'), { 'a-datetime': '2026-12-30T18:30:00Z' });
  assert.deepEqual([early.pass.relevantDates, early.told], [undefined, ['/apple/extra/relevantDates']]);
  assert.equal(made(dates('{{a-datetime}}'), {}).pass.relevantDates, undefined, 'half an entry says nothing');
});

test('the last day of an event lasts until its end', () => {
  const event = { eventStartDate: '2026-12-31T18:30', eventEndDate: '{{a-date}}' };
  assert.deepEqual(made(tags(event), { 'a-date': '2026-12-31' }).tags, {
    eventStartDate: '2026-12-31T18:30:00-08:00',
    eventEndDate: '2026-12-31T23:59:59-08:00',
  });
});

test('a time beside the tag of its zone is one of that clock; one with an offset stays as it is', () => {
  const zoned = {
    eventStartDate: '2026-07-01T20:00',
    eventEndDate: '2026-07-01T23:00Z',
    eventTimeZone: 'europe/berlin',
    eventStartDateInfo: { date: '2026-07-01T20:00', timeZone: 'Asia/Tokyo' },
    originalDepartureDate: '2026-07-01T20:00',
    departureAirportTimeZone: 'Europe/London',
    originalArrivalDate: '2026-07-01T20:00',
    destinationLocationTimeZone: '{{a-text}}',
  };
  const { tags: found } = made(tags(zoned), { 'a-text': 'America/New_York' });
  assert.equal(found.eventStartDate, '2026-07-01T20:00:00+02:00');
  assert.equal(Date.parse(found.eventEndDate), Date.parse('2026-07-01T23:00Z'));
  assert.equal(found.eventTimeZone, 'Europe/Berlin');
  assert.equal(found.eventStartDateInfo.date, '2026-07-01T20:00:00+09:00');
  assert.equal(found.originalDepartureDate, '2026-07-01T20:00:00+01:00');
  assert.equal(found.originalArrivalDate, '2026-07-01T20:00:00-04:00');
});

test('money takes the form of its tags', () => {
  const money = { balance: { amount: '{{a-number}}', currencyCode: '{{a-text}}' } };
  assert.deepEqual(made(tags(money), { 'a-number': 0.1 + 0.2, 'a-text': 'eur' }).tags, {
    balance: { amount: '0.3', currencyCode: 'EUR' },
  });
});

test('numbers of programs are no numbers of people', () => {
  const { field, told } = made(back({ value: '{{a-text}}', currencyCode: 'EUR' }), { 'a-text': '0x10' });
  assert.deepEqual([field, told], [{ key: 'b', value: '0x10' }, ['/apple/backFields/0']]);
});

test('a message that its encoding cannot write goes out in one that can', () => {
  for (const [messageEncoding, message, written] of [
    ['windows-1252', '日本', 'utf-8'],
    ['windows-1252', '€', 'windows-1252'],
    ['iso-8859-1', '€', 'utf-8'],
    ['latin1', '€', 'utf-8'],
    ['shift_jis', '日本', 'shift_jis'],
    ['shift_jis', '😀', 'utf-8'],
    ['utf-16', '😀', 'utf-16'],
  ]) {
    const barcodes = [{ format: 'PKBarcodeFormatQR', message: '{{a-text}}', messageEncoding }];
    const { pass } = made({ barcodes }, { 'a-text': message! });
    assert.equal(pass.barcodes[0].messageEncoding, written, `${message} in ${messageEncoding}`);
  }
});

test('a pass is never without a description and an organisation', () => {
  const named = made({}, {}, { description: '{{a-text}}' });
  assert.deepEqual([named.pass.description, named.told], ['Kestrel', ['/description']]);
  const none = made({}, {}, { description: '{{a-text}}', organizationName: '{{a-text}}' });
  assert.deepEqual([none.pass.description, none.pass.organizationName], ['card', 'card']);
});
