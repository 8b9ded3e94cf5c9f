import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFirstTries } from '../../src/activities/first-tries.js';

const LIMITS = { atOnce: 3, slowMs: 1_000, restMs: 10_000 };

test('of local tries few are under way, and who failed or was slow rests', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    lastsMs: fc.integer({ min: 0, max: 2_000 }),
    went: fc.constantFrom('well' as const, 'badly' as const),
    gapMs: fc.integer({ min: 0, max: 4_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now = 0;
      const tries = createFirstTries(() => now, LIMITS);
      const underWay: { until: number; end(): void }[] = [];
      const restsUntil = new Map<string, number>();
      const endUntil = (time: number): void => {
        for (const one of underWay.sort((a, b) => a.until - b.until)) {
          if (one.until > time) continue;
          now = one.until;
          one.end();
          underWay.splice(underWay.indexOf(one), 1);
          return endUntil(time);
        }
        now = time;
      };
      for (const { name, lastsMs, went, gapMs } of steps) {
        endUntil(now + gapMs);
        const rests = now < (restsUntil.get(name) ?? 0);
        const ended = tries.take(name);
        assert.equal(ended === null, rests || underWay.length >= LIMITS.atOnce);
        if (!ended) continue;
        const end = (): void => {
          ended(went);
          if (went === 'badly' || lastsMs > LIMITS.slowMs) restsUntil.set(name, now + LIMITS.restMs);
          else restsUntil.delete(name);
        };
        underWay.push({ until: now + lastsMs, end });
      }
    }),
  );
});
