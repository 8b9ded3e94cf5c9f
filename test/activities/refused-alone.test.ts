import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { fitting, sendInJobs, type Refused } from '../../src/activities/bursts/in-jobs.js';
import { PermanentError, TransientError } from '../../src/common/errors.js';

const refusal = () => new PermanentError('klaviyo-invalid', 'Klaviyo refuses the request.');

it('a job that is refused is halved: each item is sent once or refused, and few requests find one bad item', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5_000 }),
      fc.array(fc.nat(4_999), { maxLength: 3 }),
      async (size, bad) => {
        const items = Array.from({ length: size }, (_, i) => i);
        const isBad = new Set(bad.filter((i) => i < size));
        const sent: number[] = [];
        let requests = 0;
        const send = async (part: readonly number[]): Promise<void> => {
          requests += 1;
          if (part.some((i) => isBad.has(i))) throw refusal();
        };
        const refused: Refused<number>[] = [];
        const keep = async (some: readonly Refused<number>[]) => void refused.push(...some);
        await sendInJobs(items, send, async (part) => void sent.push(...part), keep);
        const all = [...sent, ...refused.map(({ item }) => item)].sort((a, b) => a - b);
        assert.deepEqual(all, items);
        assert.ok(
          sent.every((i) => !isBad.has(i)),
          'nothing that is refused counts as sent',
        );
        assert.ok(requests <= 62, `${requests} requests`);
        if (isBad.size <= 1)
          assert.deepEqual(
            refused.map(({ item }) => item),
            [...isBad],
          );
      },
    ),
    { numRuns: 30 },
  );
});

it('where the calls of a minute end while a job is divided, the next minute goes on from there', async () => {
  for (let bad = 0; bad < 500; bad++) {
    let open = Array.from({ length: 500 }, (_, i) => i);
    const refused: number[] = [];
    for (let minute = 0; open.length > 0; minute++) {
      assert.ok(minute < 10, `with a bad record in place ${bad} it comes to its end`);
      let calls = 7;
      const send = async (part: readonly number[]): Promise<void> => {
        if (calls-- === 0) throw new TransientError('klaviyo-budget', 'The calls of this minute are used up.');
        if (part.includes(bad)) throw refusal();
      };
      const settle = async (part: readonly number[]) => void (open = open.filter((item) => !part.includes(item)));
      const refuse = async (some: readonly Refused<number>[]): Promise<void> => {
        refused.push(...some.map(({ item }) => item));
        await settle(some.map(({ item }) => item));
      };
      await sendInJobs(open, send, settle, refuse, 'many').catch((error: unknown) => {
        if (!(error instanceof TransientError)) throw error;
      });
    }
    assert.deepEqual(refused, [bad]);
  }
});

it('a fault of the account is no item’s own: it is thrown', async () => {
  for (const error of [
    new PermanentError('klaviyo-scope-missing', 'No scope.'),
    new TransientError('klaviyo-throttled', 'Slow down.'),
  ]) {
    const sending = sendInJobs(
      [1, 2, 3],
      () => Promise.reject(error),
      async () => undefined,
      async () => undefined,
    );
    await assert.rejects(sending, error);
  }
});

it('a job takes as many as its number and its bytes allow, and one at least', () => {
  const body = (text: string) => text;
  assert.deepEqual(fitting(['a', 'b', 'c'], body, 2, 100), ['a', 'b']);
  assert.deepEqual(fitting(['aaaa', 'bbbb', 'c'], body, 9, 15), ['aaaa', 'bbbb']);
  assert.deepEqual(fitting(['a'.repeat(50), 'b'], body, 9, 10), ['a'.repeat(50)]);
});
