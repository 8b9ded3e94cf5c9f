import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ShownMessage } from '../../../src/passes/message.js';
import type { AppleDesign } from '../../../src/passes/pass-type.js';
import { messageFields, messageStrings } from '../../../src/wallets/apple/message-fields.js';

const message = (text: ShownMessage['text'], more: Partial<ShownMessage> = {}): ShownMessage => ({
  id: String(Math.random()),
  text,
  title: null,
  link: null,
  at: '2026-06-10T12:00:00Z',
  until: null,
  ...more,
});
const apple = { messages: { label: 'News', earlierLabel: 'Earlier', empty: '–', place: 'first' } } as AppleDesign;
const fields = (messages: ShownMessage[], speaks = false, language = 'en') =>
  messageFields(messages, { apple, speaks, language });

test('the field is on the pass before the first message: phones are silent about a new one', () => {
  assert.deepEqual(fields([]), [{ key: 'passrelay-message', label: 'News', value: '–' }]);
  assert.deepEqual(messageFields([], { apple: {} as AppleDesign, speaks: false, language: 'en' }), []);
});

test('the newest speaks in its own revision alone, with its very text; earlier ones stay below, newest first', () => {
  const messages = [message('one'), message('two'), message('three', { title: 'Tonight' })];
  const [newest, earlier] = fields(messages, true);
  assert.deepEqual(newest, { key: 'passrelay-message', label: 'Tonight', value: 'three', changeMessage: '%@' });
  assert.deepEqual(earlier, { key: 'passrelay-messages', label: 'Earlier', value: 'two\n\none' });
  assert.ok(!('changeMessage' in fields(messages)[0]!), 'silent in other revisions');
});

test('the same text again differs for a phone, every time', () => {
  const values = [1, 2, 3].map((n) => fields(Array.from({ length: n }, () => message('Sale')))[0]!['value'] as string);
  assert.notEqual(values[0], values[1]);
  assert.notEqual(values[1], values[2]);
  for (const value of values) assert.equal(value.replace('\u200b', ''), 'Sale');
});

test('a link is a link on the back, and a text cannot become markup', () => {
  const [field] = fields([message('A < B & "C"', { link: 'https://shop.example/?a=1&b=2' })]);
  assert.equal(field!['value'], 'A < B & "C"');
  assert.equal(
    field!['attributedValue'],
    'A &lt; B &amp; &quot;C&quot;\n<a href="https://shop.example/?a=1&amp;b=2">https://shop.example/?a=1&amp;b=2</a>',
  );
});

test('phones of other languages find each shown text among the translations', () => {
  const messages = [
    message({ en: 'Ready', de: 'Fertig' }),
    message({ en: 'Sale', de: 'Rabatt' }, { link: 'https://a.example/' }),
  ];
  const [newest, earlier] = fields(messages);
  const strings = messageStrings(messages, 'en');
  assert.equal(strings['de']![String(newest!['value'])], 'Rabatt');
  assert.match(strings['de']![String(newest!['attributedValue'])]!, /^Rabatt\n<a href/);
  assert.equal(strings['de']![String(earlier!['value'])], 'Fertig');
  assert.equal(strings['en'], undefined);
});
