import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ENDPOINT_CLASSES,
  emptyWindows,
  pauseUntil,
  shareOf,
  takeSlot,
  type EndpointClass,
} from '../../src/klaviyo/rate-windows.js';

const classes = fc.constantFrom(...(Object.keys(ENDPOINT_CLASSES) as EndpointClass[]));

test('whatever the workers ask, no real window of Klaviyo, wherever it starts, is exceeded', () => {
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.nat(50), fc.nat(20_000)), { maxLength: 900, size: 'max' });
  fc.assert(
    fc.property(classes, gaps, (endpointClass, asked) => {
      let now = 1_700_000_000_123;
      let windows = emptyWindows;
      const slots: number[] = [];
      for (const gap of asked) {
        now += gap;
        const taken = takeSlot(windows, endpointClass, now);
        assert.ok(taken.waitMs >= 0);
        slots.push(now + taken.waitMs);
        windows = taken.windows;
      }
      const limit = ENDPOINT_CLASSES[endpointClass];
      for (const [spanMs, most] of [
        [1000, limit.burst],
        [60_000, limit.steady],
      ] as const) {
        // Two of our neighbouring windows can fall into one of theirs; the shares of 1 a second are the exception.
        const allowed = Math.max(
          most,
          2 * (spanMs === 1000 ? shareOf(endpointClass).burst : shareOf(endpointClass).steady),
        );
        for (let i = 0; i + allowed < slots.length; i++) assert.ok(slots[i + allowed]! - slots[i]! >= spanMs);
      }
      assert.deepEqual(
        slots,
        slots.toSorted((a, b) => a - b),
      );
    }),
    { numRuns: 60 },
  );
});

test('a free window is used at once, and to the full', () => {
  const now = 1_700_000_040_000;
  const share = shareOf('events').burst;
  let windows = emptyWindows;
  const waits = Array.from({ length: share + 1 }, () => {
    const taken = takeSlot(windows, 'events', now);
    windows = taken.windows;
    return taken.waitMs;
  });
  assert.deepEqual(waits, [...Array<number>(share).fill(0), 1000]);
});

test('a pause that Klaviyo asks for holds every worker, and survives JSON', () => {
  const now = 1_700_000_040_000;
  const paused = JSON.parse(JSON.stringify(pauseUntil(emptyWindows, now + 7_500))) as typeof emptyWindows;
  assert.equal(takeSlot(paused, 'profiles', now).waitMs, 7_500);
  assert.equal(takeSlot(paused, 'profiles', now + 8_000).waitMs, 0);
});
