import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { judgeBundle, type JudgedBundle } from '../../src/simulators/iphone/bundle.js';
import { changedFields, lockScreenOf, type LockScreen } from '../../src/simulators/iphone/lock-screen.js';
import { buildBundle, passJson } from './support/bundle.js';
import { createTestCertificates, type TestCertificates } from './support/certificates.js';

let certificates: TestCertificates;
before(() => (certificates = createTestCertificates()));
after(() => certificates.remove());

const GERMAN = Buffer.from(
  '"Balance: %@" = "Guthaben: %@";\n"Gold" = "Gold-Stufe";\n"Loyalty card" = "Kundenkarte";\n',
);
const passWith = (...backFields: object[]): JudgedBundle =>
  judgeBundle(
    buildBundle(certificates, {
      json: passJson({ storeCard: { backFields } }),
      files: { 'de.lproj/pass.strings': GERMAN },
    }),
    { caPem: certificates.rootPem, developerMode: true, now: Date.now() },
  );
const textOf = (from: object[], to: object[], locale = 'en-US'): string | undefined => {
  const shown: LockScreen = lockScreenOf(passWith(...from), passWith(...to), { locale, timeZone: 'UTC' });
  return shown.kind === 'silent' ? undefined : `${shown.kind}: ${shown.text}`;
};
const field = (value: string | number, more: object = {}): object => ({
  key: 'a',
  value,
  changeMessage: 'Balance: %@',
  ...more,
});

test('numbers, money and dates are written as the device writes them', () => {
  assert.equal(textOf([field(1)], [field(12345.5)]), 'message: Balance: 12,345.5');
  assert.equal(textOf([field(1)], [field(12.5, { currencyCode: 'EUR' })]), 'message: Balance: €12.50');
  const date = { dateStyle: 'PKDateStyleLong' };
  const dates = ['2026-05-01T10:00:00Z', '2026-06-02T10:00:00Z'].map((value) => field(value, date));
  assert.equal(textOf([dates[0]!], [dates[1]!]), 'message: Balance: June 2, 2026');
});

test('text and value are looked up in the pass.strings of the device language', () => {
  assert.equal(textOf([field('Silver')], [field('Gold')], 'de-DE'), 'message: Guthaben: Gold-Stufe');
  assert.equal(textOf([field('Silver')], [field('Gold')], 'fr-FR'), 'message: Balance: Gold');
});

test('a value with replacement patterns is shown as it is', () => {
  assert.equal(textOf([field('x')], [field("$& $1 $' %@")]), "message: Balance: $& $1 $' %@");
});

test('a text without %@, or two fields that speak, give the generic line', () => {
  const plain = { changeMessage: 'Something changed' };
  assert.equal(textOf([field(1, plain)], [field(2, plain)]), 'generic: Loyalty card changed');
  const two = (value: number): object[] => [field(value), field(value, { key: 'b' })];
  assert.equal(textOf(two(1), two(2)), 'generic: Loyalty card changed');
});

test('silent: no changeMessage, the same value, a new field, a renamed field', () => {
  const mute = { changeMessage: undefined };
  assert.equal(textOf([field(1, mute)], [field(2, mute)]), undefined);
  assert.equal(textOf([field(1)], [field(1, { label: 'new label' })]), undefined);
  assert.equal(textOf([], [field(2)]), undefined);
  assert.equal(textOf([field(1)], [field(2, { key: 'renamed' })]), undefined);
});

test('two changed fields of which one speaks give its text, by the changeMessage of the new pass', () => {
  const other = { key: 'b', changeMessage: 'Tier: %@' };
  const text = textOf([field(1), field('x', other)], [field(2, { changeMessage: undefined }), field('y', other)]);
  assert.equal(text, 'message: Tier: y');
});

test('changed fields name what came, changed and went', () => {
  const changes = changedFields(
    passWith(field(1), { key: 'gone', value: 'x', label: 'Old' }).content.fields,
    passWith(field(2), { key: 'new', value: 'y' }).content.fields,
  );
  assert.deepEqual(changes, [
    { key: 'a', label: 'a', before: 1, after: 2 },
    { key: 'new', label: 'new', before: undefined, after: 'y' },
    { key: 'gone', label: 'Old', before: 'x', after: undefined },
  ]);
});
