import { setTimeout as pause } from 'node:timers/promises';
import { collect } from './collect.js';
import { judge, type Fault } from './judge.js';
import type { Side } from './party.js';
import type { Picture } from './picture.js';
import type { Stack } from './stack.js';

const LOOK_MS = 1_000;

interface Unfinished {
  operations: number;
  deliveries: number;
}

async function unfinished({ query }: Stack): Promise<Unfinished> {
  const [row] = await query<Unfinished>(
    `select (select count(*)::int from operations
              where status in ('accepted', 'running', 'retrying')) as operations,
            (select count(*)::int from deliveries
              where status in ('accepted', 'delivering', 'retrying')) as deliveries`,
  );
  return row!;
}

/**
 * Waits until everything has ended and nothing is wrong that was not `known` before; what still is after `limitMs` is the
 * verdict.
 */
export async function settle(
  stack: Stack,
  sides: readonly Side[],
  { limitMs, known }: { limitMs: number; known: ReadonlySet<string> },
): Promise<{ faults: Fault[]; pictures: Picture[] }> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const late = Date.now() > deadline;
    const { operations, deliveries } = await unfinished(stack);
    if (late || operations + deliveries === 0) {
      const pictures: Picture[] = [];
      for (const side of sides) pictures.push(await collect(stack, side));
      const faults = pictures.flatMap(judge).filter(({ what }) => !known.has(what));
      if (late || faults.length === 0) return { faults, pictures };
    }
    await pause(LOOK_MS);
  }
}
