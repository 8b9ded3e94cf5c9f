import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { endOfQuiet, holdMessage, type HoldQuestion } from '../../src/passes/hold-message.js';
import { withMessage, withoutMessage, MOST_SHOWN, textIn, type ShownMessage } from '../../src/passes/message.js';

const question = (change: Partial<HoldQuestion> = {}): HoldQuestion => ({
  class: 'marketing',
  notBefore: null,
  respectQuietHours: null,
  settings: { cap: null, quietHours: null, heldBack: 'wait', requireConsent: null },
  hasConsent: false,
  sentAt: [],
  pausedAt: null,
  zone: 'Europe/Berlin',
  now: new Date('2026-06-10T12:00:00Z'),
  ...change,
});
const settings = (change: Partial<HoldQuestion['settings']>) => ({ ...question().settings, ...change });
const night = { from: '21:00', until: '08:00' };

test('without rules a message goes at once; its own time always waits, also where what is held back is dropped', () => {
  assert.deepEqual(holdMessage(question()), { do: 'send' });
  const notBefore = new Date('2026-06-11T09:00:00Z');
  const held = holdMessage(question({ notBefore, settings: settings({ heldBack: 'drop' }) }));
  assert.deepEqual(held, { do: 'wait', until: notBefore, reason: 'not-before' });
});

test('consent comes before everything, for service too', () => {
  const asked = settings({ requireConsent: 'push' });
  for (const kind of ['service', 'marketing'] as const) {
    assert.deepEqual(holdMessage(question({ class: kind, settings: asked })), { do: 'drop', reason: 'no-consent' });
    assert.deepEqual(holdMessage(question({ class: kind, settings: asked, hasConsent: true })), { do: 'send' });
  }
});

test('quiet hours are those of the zone, across both changes of clocks', () => {
  const until = (now: string, zone = 'Europe/Berlin') => endOfQuiet(night, new Date(now), zone)?.toISOString() ?? null;
  assert.equal(until('2026-06-10T18:59:00Z'), null, '20:59 there');
  assert.equal(until('2026-06-10T19:00:00Z'), '2026-06-11T06:00:00.000Z');
  // Clocks go forward in the night of 29 March 2026, and back in that of 25 October.
  assert.equal(until('2026-03-28T21:00:00Z'), '2026-03-29T06:00:00.000Z');
  assert.equal(until('2026-10-24T20:00:00Z'), '2026-10-25T07:00:00.000Z');
  assert.equal(until('2026-06-10T19:00:00Z', 'America/New_York'), null);
  // The hour of the end does not exist in that night.
  const skipped = endOfQuiet({ from: '22:00', until: '02:30' }, new Date('2026-03-29T00:00:00Z'), 'Europe/Berlin')!;
  assert.ok(skipped > new Date('2026-03-29T00:00:00Z'), skipped.toISOString());
});

test('service messages pass quiet hours unless they are asked to respect them, and never wait for the cap', () => {
  const now = new Date('2026-06-10T22:00:00Z');
  const quiet = settings({ quietHours: night, cap: { most: 1, hours: 24 } });
  const sentAt = [new Date('2026-06-10T21:00:00Z')];
  assert.deepEqual(holdMessage(question({ class: 'service', settings: quiet, now, sentAt })), { do: 'send' });
  const asked = holdMessage(question({ class: 'service', settings: quiet, now, respectQuietHours: true }));
  assert.equal(asked.do === 'wait' && asked.reason, 'quiet-hours');
  const ignored = holdMessage(question({ settings: quiet, now, respectQuietHours: false }));
  assert.deepEqual(ignored, { do: 'send' });
});

test('no window ever holds more marketing messages than the cap, and each wait ends with room', () => {
  const cap = fc.record({ most: fc.integer({ min: 1, max: 4 }), hours: fc.integer({ min: 1, max: 48 }) });
  const arrivals = fc.array(fc.integer({ min: 0, max: 7 * 86_400_000 }), { maxLength: 20 });
  fc.assert(
    fc.property(cap, arrivals, fc.boolean(), (given, offsets, quiet) => {
      const begin = Date.UTC(2026, 2, 27);
      const rules = settings({ cap: given, quietHours: quiet ? night : null });
      const sent: number[] = [];
      const waiting = offsets.map((offset) => begin + offset);
      while (waiting.length > 0) {
        waiting.sort((a, b) => a - b);
        const now = waiting.shift()!;
        const sentAt = sent.map((at) => new Date(at));
        const held = holdMessage(question({ settings: rules, now: new Date(now), sentAt }));
        if (held.do === 'send') sent.push(now);
        else if (held.do === 'wait') {
          assert.ok(held.until.getTime() > now, 'a wait goes forward');
          waiting.push(held.until.getTime());
        } else assert.fail('nothing is dropped');
      }
      for (const at of sent) {
        const within = sent.filter((other) => other > at - given.hours * 3_600_000 && other <= at).length;
        assert.ok(within <= given.most, `${within} within ${given.hours} h`);
        const hour = DateTime.fromMillis(at, { zone: 'Europe/Berlin' }).hour;
        assert.ok(!quiet || (hour >= 8 && hour < 21), `sent at ${hour}`);
      }
      assert.equal(sent.length, offsets.length);
    }),
  );
});

test('a pass keeps the last few messages, each once, and loses the one that ends', () => {
  const message = (id: string): ShownMessage => ({ id, text: id, title: null, link: null, at: '', until: null });
  const all = Array.from({ length: 8 }, (_, i) => message(`m${i}`)).reduce(withMessage, [] as ShownMessage[]);
  assert.equal(all.length, MOST_SHOWN);
  assert.deepEqual(withMessage(all, message('m7')), all);
  assert.deepEqual(
    withoutMessage(all, 'm7').map(({ id }) => id),
    ['m3', 'm4', 'm5', 'm6'],
  );
  assert.equal(textIn({ en: 'Hello', 'de-AT': 'Servus', de: 'Hallo' }, 'de-CH'), 'Hallo');
  assert.equal(textIn({ fr: 'Bonjour' }, 'de'), 'Bonjour');
});

test('a message of a campaign that stands still waits, whatever the tenant chose, and is looked at more and more rarely', () => {
  const now = new Date('2026-06-10T12:00:00Z');
  for (const [minutes, lookAgainMinutes] of [
    [0, 1 / 6],
    [50, 5],
    [3 * 24 * 60, 60],
  ] as const) {
    const pausedAt = new Date(now.getTime() - minutes * 60_000);
    const until = new Date(now.getTime() + lookAgainMinutes * 60_000);
    const settings = { cap: null, quietHours: null, heldBack: 'drop' as const, requireConsent: 'push' };
    const held = holdMessage(question({ class: 'service', settings, now, pausedAt }));
    assert.deepEqual(held, { do: 'wait', until, reason: 'paused' });
  }
});
