import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sendRecordsInOrder } from '../../src/activities/backfills/send-records.js';
import { PermanentError, TransientError } from '../../src/common/errors.js';

const idOf = (place: number): string => String(place).padStart(5, '0');

/** A Klaviyo that refuses jobs with a bad record in them, and lets only so many calls through in one visit. */
async function backfill(count: number, bad: ReadonlySet<number>, callsOfVisit: number) {
  const progress = { records: 0, failed: 0, recordsUpTo: null as string | null };
  const taken: number[] = [];
  let calls = 0;
  for (let visit = 0; progress.recordsUpTo !== idOf(count - 1); visit++) {
    assert.ok(visit < 20 * count, 'it comes to its end');
    let left = callsOfVisit;
    const due = Array.from({ length: count }, (_, place) => place)
      .filter((place) => progress.recordsUpTo === null || idOf(place) > progress.recordsUpTo)
      // Every seventh pass is a test pass.
      .map((place) => ({ passId: idOf(place), record: place % 7 === 6 ? null : place }));
    const send = async (records: readonly number[]): Promise<void> => {
      if (left-- === 0) throw new TransientError('klaviyo-budget', 'later');
      calls++;
      assert.ok(records.length <= 500, 'a job has its limit');
      if (records.some((record) => bad.has(record))) throw new PermanentError('klaviyo-invalid', 'refused');
      taken.push(...records);
    };
    await sendRecordsInOrder(due, progress, send).catch((error: unknown) => {
      if (!(error instanceof TransientError)) throw error;
    });
  }
  return { progress, taken, calls };
}

test('records that Klaviyo refuses fail alone: all others are taken, once and in order, however often it is interrupted', async () => {
  const cases = fc.record({
    count: fc.integer({ min: 1, max: 700 }),
    bad: fc.array(fc.nat(700), { maxLength: 6 }),
    callsOfVisit: fc.integer({ min: 1, max: 20 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ count, bad, callsOfVisit }) => {
      const refused = new Set(bad.filter((place) => place < count && place % 7 !== 6));
      const { progress, taken } = await backfill(count, refused, callsOfVisit);
      const good = Array.from({ length: count }, (_, place) => place).filter((p) => p % 7 !== 6 && !refused.has(p));
      assert.deepEqual(taken, good);
      assert.deepEqual([progress.records, progress.failed], [good.length, refused.size]);
    }),
    { numRuns: 60 },
  );
});

test('where every record is refused the backfill ends with the refusal, and asks no thousand times', async () => {
  const everything = new Set(Array.from({ length: 700 }, (_, place) => place));
  await assert.rejects(backfill(700, everything, 100), { code: 'klaviyo-invalid' });
});

test('one job takes what fits into its bytes', async () => {
  const sizes: number[] = [];
  const due = Array.from({ length: 30 }, (_, place) => ({ passId: idOf(place), record: 'x'.repeat(300_000) }));
  const progress = { records: 0, failed: 0, recordsUpTo: null };
  await sendRecordsInOrder(due, progress, async (records) => void sizes.push(records.length));
  assert.deepEqual(sizes, [12, 12, 6]);
});
