import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chooseMessageType } from '../../../src/wallets/google/message-budget.js';
import { fullBucket, GOOGLE_RATE, takeToken, type Rate } from '../../../src/wallets/google/rate-budget.js';
import { createSpacedTurns } from '../../../src/wallets/google/spaced-turns.js';

/** Sends at the times the bucket allows, callers arriving after the given gaps (negative: a worker's clock runs behind). */
function sendTimes(gapsMs: number[], rate: Rate): number[] {
  const sent: number[] = [];
  let nowMs = 1_000_000;
  let bucket = fullBucket(nowMs, rate);
  for (const gap of gapsMs) {
    nowMs += gap;
    const taken = takeToken(bucket, nowMs, rate);
    bucket = taken.bucket;
    if (taken.taken) sent.push(nowMs + taken.waitMs);
  }
  return sent.sort((a, b) => a - b);
}

const gaps = fc.oneof(
  fc.array(fc.integer({ min: -200, max: 400 }), { maxLength: 200 }),
  fc.array(fc.constantFrom(0, 1, -150, 150), { minLength: 30, maxLength: 200 }),
);

test('no second ever holds more than 20 requests, whatever the arrivals and the clocks', () => {
  fc.assert(
    fc.property(gaps, fc.constantFrom<Rate>(GOOGLE_RATE, { ratePerSecond: 19, burst: 1 }), (gapsMs, rate) => {
      const sent = sendTimes(gapsMs, rate);
      for (let i = 20; i < sent.length; i++) assert.ok(sent[i]! - sent[i - 20]! >= 1_000, `at ${i}`);
    }),
  );
});

test('reserved waits line up: a crowd is served at the full rate', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (count) => {
      const sent = sendTimes(Array<number>(count).fill(0), { ratePerSecond: 20, burst: 1 });
      assert.equal(sent.length, count);
      assert.ok(sent.at(-1)! - sent[0]! <= Math.ceil(((count - 1) * 1_000) / 20));
    }),
  );
});

test('a token that was not taken costs nothing, and is there after the wait it was told', () => {
  const rate: Rate = { ratePerSecond: 19, burst: 1, maxWaitMs: 0 };
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 52 }), fc.integer({ min: 1, max: 50 }), (laterMs, tries) => {
      const first = takeToken(fullBucket(0, rate), 0, rate);
      assert.equal(first.taken, true);
      let { bucket } = first;
      let waitMs = 0;
      for (let i = 0; i < tries; i++) ({ bucket, waitMs } = takeToken(bucket, laterMs, rate));
      assert.ok(waitMs > 0);
      assert.equal(takeToken(bucket, laterMs + waitMs, rate).taken, true);
    }),
  );
});

test('what became due while the process was held up is not sent at once', async () => {
  const gapMs = 20;
  const turns = createSpacedTurns(gapMs);
  const sent: number[] = [];
  const all = Array.from({ length: 8 }, async (_, i) => {
    // None is due at once: such a turn is over before the hold-up begins.
    await turns.take((i + 1) * gapMs);
    sent.push(performance.now());
  });
  // Holds the event loop until every turn is overdue.
  for (const end = performance.now() + 9 * gapMs; performance.now() < end;);
  await Promise.all(all);
  // Half a gap for what lies between a turn and our look at the clock; overdue turns at once would leave none.
  for (let i = 1; i < sent.length; i++) assert.ok(sent[i]! - sent[i - 1]! >= gapMs / 2, `${i}: ${sent.join(' ')}`);
});

test('at most three notifying messages lie within any 24 hours', () => {
  const day = 24 * 3_600_000;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: day / 2 }), { maxLength: 40 }), (gapsMs) => {
      const notified: number[] = [];
      let nowMs = 0;
      for (const gap of gapsMs) {
        nowMs += gap;
        const recent = notified.filter((at) => at > nowMs - day).length;
        const chosen = chooseMessageType(notified, nowMs);
        assert.equal(chosen, recent < 3 ? 'TEXT_AND_NOTIFY' : 'TEXT');
        if (chosen === 'TEXT_AND_NOTIFY') notified.push(nowMs);
      }
      for (let i = 3; i < notified.length; i++) assert.ok(notified[i]! - notified[i - 3]! >= day);
    }),
  );
});
