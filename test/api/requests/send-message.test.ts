import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendMessageParser } from '../../../src/api/requests/index.js';
import { readDuration } from '../../../src/api/requests/read-duration.js';
import type { JsonValue } from '../../../src/common/json.js';

const now = new Date('2026-06-10T12:00:00Z');
const parse = (body: Record<string, JsonValue>, named = false) =>
  sendMessageParser({ zone: 'Europe/Berlin', now, named })(body);
const identifiers = { email: 'ann@example.com' };
const refused = (body: Record<string, JsonValue>): string[] => {
  const parsed = parse({ identifiers, message: 'Hello', ...body });
  return parsed.ok ? [] : parsed.problems.map(({ pointer }) => pointer);
};

test('reads a message with all that it may have', () => {
  const parsed = parse({
    identifiers,
    message: { en: ' Hello\u200b ', de: 'Hallo &amp; willkommen' },
    title: 'Tonight',
    link: 'https://shop.example/a?b=1',
    class: 'SERVICE',
    validFor: '3 days',
    notBefore: '2026-06-11',
    quietHours: 'respect',
    idempotency_key: 'e-1',
  });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.deepEqual(parsed.command, {
    identifiers: [{ kind: 'email', value: 'ann@example.com' }],
    content: { text: { en: 'Hello', de: 'Hallo & willkommen' }, title: 'Tonight', link: 'https://shop.example/a?b=1' },
    class: 'service',
    validUntil: null,
    validForSeconds: 259_200,
    notBefore: '2026-06-10T22:00:00.000Z',
    respectQuietHours: true,
    idempotencyKey: 'e-1',
  });
  const least = parse({ message: 'Hi' }, true);
  assert.ok(
    least.ok && least.command.class === 'marketing' && least.command.identifiers.length === 0,
    'named by address',
  );
});

test('refuses accidents of templates and senders, each at its place', () => {
  assert.deepEqual(refused({}), []);
  for (const [body, pointer] of [
    [{ message: '' }, '/message'],
    [{ message: 'Hi {{ first_name }}' }, '/message'],
    [{ message: { en: 'Hi {% if x %}' } }, '/message/en'],
    [{ message: ['a'] }, '/message'],
    [{ message: '{"en": "Hi", "de": "Hallo"}' }, '/message'],
    [{ message: '{&quot;en&quot;: &quot;Hi&quot;}' }, '/message'],
    [{ message: { en: "{'first': 'Ann'}" } }, '/message/en'],
    [{ message: '[object Object]' }, '/message'],
    [{ title: '["a"]' }, '/title'],
    [{ notBefore: { at: '2026-06-11' } }, '/notBefore'],
    [{ notBefore: ['2026-06-11'] }, '/notBefore'],
    [{ validUntil: { date: '2026-06-11' } }, '/validUntil'],
    [{ validFor: '3' }, '/validFor'],
    [{ validFor: 14 }, '/validFor'],
    [{ message: { 'not a language': 'x', en: 'y' } }, '/message/not a language'],
    [{ message: 'x'.repeat(1001) }, '/message'],
    [{ title: 'x'.repeat(101) }, '/title'],
    [{ link: 'http://shop.example' }, '/link'],
    [{ link: 'javascript:alert(1)' }, '/link'],
    [{ link: 'https://shop.example/"><script>' }, '/link'],
    [{ class: 'urgent' }, '/class'],
    [{ validUntil: 'soon' }, '/validUntil'],
    [{ validUntil: '2026-06-09' }, '/validUntil'],
    [{ validUntil: '2062-06-09' }, '/validUntil'],
    [{ validFor: 'a while' }, '/validFor'],
    [{ validFor: '0' }, '/validFor'],
    [{ validFor: '1 day', validUntil: '2026-06-12' }, '/validFor'],
    [{ notBefore: '2026-06-13', validUntil: '2026-06-12' }, '/validUntil'],
    [{ quietHours: 'maybe' }, '/quietHours'],
    [{ notBefore: { quietHours: 'maybe' } }, '/notBefore/quietHours'],
  ] as [Record<string, JsonValue>, string][]) {
    assert.ok(refused(body).includes(pointer), `${JSON.stringify(body).slice(0, 80)}: ${refused(body).join()}`);
  }
  const nobody = parse({ message: 'Hi' });
  assert.ok(!nobody.ok && nobody.problems[0]!.pointer === '/identifiers', 'nobody is named');
});

test('what templates escape is decoded once, and scripts and emoji keep their joiners', () => {
  for (const [sent, shown] of [
    ['O&#x27;Brien, it&#39;s &quot;ready&quot;', 'O\'Brien, it\'s "ready"'],
    ['Fish &amp; chips &lt;3', 'Fish & chips <3'],
    ['&amp;lt;', '&lt;'],
    ['For you \u{1f469}\u200d\u{1f469}\u200d\u{1f467}', 'For you \u{1f469}\u200d\u{1f469}\u200d\u{1f467}'],
    ['\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645', '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'],
    ['\ufeffRe\u200bady\u00a0', 'Ready'],
    ['<p>Hi <b>Ann</b>,</p><p style="color:red">your table<br/>is ready</p>', 'Hi Ann,\nyour table\nis ready'],
    ['&lt;div&gt;Hi&lt;/div&gt;', 'Hi'],
    ['1 < 2 > 0, a<b and I <3 you, b<a or c>d', '1 < 2 > 0, a<b and I <3 you, b<a or c>d'],
    ['{Today} only: [new] menu', '{Today} only: [new] menu'],
  ] as const) {
    const parsed = parse({ identifiers, message: { en: sent }, title: sent });
    assert.ok(parsed.ok, sent);
    assert.deepEqual([parsed.command.content.text, parsed.command.content.title], [{ en: shown }, shown]);
  }
  assert.ok(refused({ message: 'Hi &#123;&#123; name }}' }).includes('/message'), 'a tag behind entities is one');
  const link = parse({ identifiers, message: 'x', link: 'https://shop.example/?a=1&amp;copy=2' });
  assert.ok(link.ok && link.command.content.link === 'https://shop.example/?a=1&copy=2', 'an address is no prose');
});

test('a language as programs write it is taken, and HTML is named', () => {
  const parsed = parse({ identifiers, message: { en_US: '<b>Hi</b>', de: 'Hallo' } });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.deepEqual(parsed.command.content.text, { 'en-US': 'Hi', de: 'Hallo' });
  assert.match(parsed.warnings.map(({ pointer, message }) => pointer + message).join(), /^\/message\/en_US.*HTML/);
});

test('a long text is taken with a word about lock screens, and an unknown key with the one that was meant', () => {
  const parsed = parse({ identifiers, message: 'x'.repeat(200), mesage: 'y', tittle: 'z' });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.match(
    parsed.warnings.map(({ message }) => message).join('; '),
    /did you mean "message".*"title".*lock screen/s,
  );
});

test('lengths of time as people and machines write them', () => {
  const cases = {
    '90': 90,
    '30 s': 30,
    '48h': 172_800,
    '3 days': 259_200,
    '1 week': 604_800,
    P3D: 259_200,
    PT90M: 5_400,
    '10 min': 600,
  };
  for (const [text, seconds] of Object.entries(cases)) assert.equal(readDuration(text), seconds, text);
  for (const text of ['', 'soon', '-1', '3', '59', '3 fortnights', 'P', '1e9'])
    assert.equal(readDuration(text), undefined, text);
});
