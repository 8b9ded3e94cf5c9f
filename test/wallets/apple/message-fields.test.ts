import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { textIn, withMessage, withoutMessage, type ShownMessage } from '../../../src/passes/message.js';
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

test('the newest speaks with its very text where it is told to; earlier ones stay below, newest first', () => {
  const messages = [message('one'), message('two'), message('three', { title: 'Tonight' })];
  const [newest, earlier] = fields(messages, true);
  assert.deepEqual(newest, { key: 'passrelay-message', label: 'Tonight', value: 'three', changeMessage: '%@' });
  assert.deepEqual(earlier, { key: 'passrelay-messages', label: 'Earlier', value: 'two\n\none' });
  assert.ok(!('changeMessage' in fields(messages)[0]!), 'silent where another field speaks');
});

test('whatever came and went before, a new message differs from what a phone shows, and reads as it was written', () => {
  const text = fc.constantFrom<ShownMessage['text']>('Sale', 'Ready', { en: 'Sale', de: 'Rabatt' }, { de: 'Sale' });
  const steps = fc.array(fc.oneof({ weight: 4, arbitrary: text }, fc.constantFrom('ends', 'first ends')), {
    maxLength: 25,
  });
  fc.assert(
    fc.property(steps, fc.constantFrom('en', 'de', 'fr'), (all, language) => {
      let shown: ShownMessage[] = [];
      for (const step of all) {
        if (step === 'ends' || step === 'first ends') {
          const id = (step === 'ends' ? shown.at(-1) : shown[0])?.id ?? '';
          shown = withoutMessage(shown, id);
          if (shown.length > 0) assert.equal(shown.at(-1)!.quiet, id === '' ? undefined : true);
          continue;
        }
        const before = fields(shown, false, language)[0]!['value'];
        shown = withMessage(shown, message(step));
        const value = String(fields(shown, true, language)[0]!['value']);
        assert.notEqual(value, before);
        assert.equal(value.replace('\u200b', ''), textIn(step, language));
        assert.equal(shown.at(-1)!.quiet, undefined);
      }
    }),
  );
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
