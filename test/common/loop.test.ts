import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { startLoop, type LoopOptions } from '../../src/common/loop.js';

const HOUR_MS = 3_600_000;

/** A loop that only nudges wake: each look ends when the test says how. */
function startManual() {
  const warnings: string[] = [];
  let looks = 0;
  let end: ((next: Awaited<ReturnType<LoopOptions['look']>> | Error) => void) | null = null;
  const loop = startLoop({
    name: 'looking',
    everyMs: HOUR_MS,
    log: { warn: (_, message) => void warnings.push(message) },
    look() {
      looks++;
      return new Promise((resolve, reject) => {
        end = (next) => (next instanceof Error ? reject(next) : resolve(next));
      });
    },
  });
  /** Ends the look and lets the loop go on, as far as it does by itself. */
  const endLook = async (next: Parameters<NonNullable<typeof end>>[0]): Promise<void> => {
    end?.(next);
    for (let turns = 0; turns < 5; turns++) await turn();
  };
  return { loop, warnings, endLook, looks: () => looks };
}

test('a loop looks at once where more waits, and a nudge ends its pause', async () => {
  const { loop, endLook, looks } = startManual();
  await endLook(true);
  assert.equal(looks(), 2);
  await endLook(false);
  assert.equal(looks(), 2, 'it pauses');
  loop.nudge();
  await turn();
  assert.equal(looks(), 3);
  // Whoever nudges during a look may have come too late for it.
  loop.nudge();
  await endLook({ pauseMs: HOUR_MS });
  assert.equal(looks(), 4);
  const stopped = loop.stop();
  await endLook(false);
  await stopped;
  assert.equal(looks(), 4);
});

for (const [name, next] of [
  ['in trouble', { pauseMs: HOUR_MS, inTrouble: true }],
  ['that failed', new Error('away')],
] as const) {
  test(`nudges during a look ${name} do not shorten the pause, later ones do`, async () => {
    const { loop, warnings, endLook, looks } = startManual();
    loop.nudge();
    await endLook(next);
    assert.equal(looks(), 1);
    assert.deepEqual(warnings, next instanceof Error ? ['looking had trouble; trying again'] : []);
    loop.nudge();
    await turn();
    assert.equal(looks(), 2);
    const stopped = loop.stop();
    await endLook(false);
    await stopped;
  });
}
