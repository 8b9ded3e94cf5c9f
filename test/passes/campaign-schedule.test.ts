import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isHeldOut } from '../../src/passes/campaign.js';
import { allowedByPace, localMoment, untilOpen } from '../../src/passes/campaign-schedule.js';
import { zoneOf } from '../../src/passes/customer-zone.js';

const at = (text: string): number => Date.parse(text);

test('hours open and close by the clock of the zone, over midnight and when clocks change', () => {
  const day = { from: '09:00', until: '20:00' };
  const night = { from: '22:00', until: '06:00' };
  const hour = 3_600_000;
  const table: [{ from: string; until: string }, string, string, number][] = [
    [day, '2026-12-01T08:00:00Z', 'Europe/Berlin', 0],
    [day, '2026-12-01T07:00:00Z', 'Europe/Berlin', hour],
    [day, '2026-12-01T19:00:00Z', 'Europe/Berlin', 13 * hour],
    [night, '2026-12-01T23:00:00Z', 'UTC', 0],
    [night, '2026-12-01T05:59:00Z', 'UTC', 0],
    [night, '2026-12-01T06:00:00Z', 'UTC', 16 * hour],
    // The night of 29 March 2026 is an hour short in Berlin, that of 25 October an hour long.
    [day, '2026-03-28T19:00:00Z', 'Europe/Berlin', 12 * hour],
    [day, '2026-10-24T18:00:00Z', 'Europe/Berlin', 14 * hour],
  ];
  for (const [hours, now, zone, expected] of table) assert.equal(untilOpen(hours, at(now), zone), expected, now);
});

test('what is closed opens after exactly the time that was said', () => {
  const clock = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom('00', '30'))
    .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${minute}`);
  const moment = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') });
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe');
  fc.assert(
    fc.property(clock, clock, moment, zone, (from, until, now, where) => {
      fc.pre(from !== until);
      const wait = untilOpen({ from, until }, now, where);
      assert.ok(wait >= 0 && wait <= 49 * 3_600_000, `${wait}`);
      if (wait > 0) assert.equal(untilOpen({ from, until }, now + wait, where), 0);
    }),
  );
});

test('a local time is a moment of each zone, also where the clocks leap over it', () => {
  assert.equal(localMoment('2026-12-01T09:00', 'Europe/Berlin'), at('2026-12-01T08:00:00Z'));
  assert.equal(localMoment('2026-12-01T09:00', 'America/New_York'), at('2026-12-01T14:00:00Z'));
  assert.equal(localMoment('2026-03-29T02:30', 'Europe/Berlin'), at('2026-03-29T01:30:00Z'));
  assert.equal(zoneOf('Asia/Tokyo', 'Europe/Berlin'), 'Asia/Tokyo');
  assert.equal(zoneOf('Berlin', 'Europe/Berlin'), 'Europe/Berlin');
  assert.equal(zoneOf(null, null), 'UTC');
});

test('a pace is kept over any series of looks, and a stop is not made up for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60_000 }),
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 40 }),
      (perMinute, gaps) => {
        let [now, used, begun] = [1_000_000, null as number | null, 0];
        const first = now;
        for (const gap of gaps) {
          const pace = allowedByPace(perMinute, used, now, 500);
          begun += pace.rows;
          if (pace.rows > 0) used = pace.usedUpTo(pace.rows);
          now += gap;
        }
        const most = ((now - first) * perMinute) / 60_000 + 1;
        assert.ok(begun <= most + 1e-3, `${begun} begun, ${most} allowed`);
      },
    ),
  );
  const late = allowedByPace(600, 0, 3_600_000, 500);
  assert.equal(late.rows, 50, 'five seconds of the pace after an hour of standing still');
});

test('who is held out is the same at any time, near the share asked for, and grows with it', () => {
  const ids = Array.from({ length: 4_000 }, (_, index) => `customer-${index}`);
  const out = (percent: number, campaign = 'a') => ids.filter((id) => isHeldOut(campaign, id, percent));
  assert.equal(out(0).length, 0);
  for (const percent of [5, 20, 50]) {
    const share = (out(percent).length / ids.length) * 100;
    assert.ok(Math.abs(share - percent) < 3, `${percent} asked for, ${share} held out`);
  }
  const larger = new Set(out(20));
  assert.ok(
    out(5).every((id) => larger.has(id)),
    'a larger share holds the smaller one',
  );
  assert.notDeepEqual(out(20, 'b'), out(20), 'another campaign draws others');
});
