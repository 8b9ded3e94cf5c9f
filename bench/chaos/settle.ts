import { setTimeout as pause } from 'node:timers/promises';
import { collect } from './collect.js';
import type { Customer } from './customers.js';
import type { Journal } from './journal.js';
import { judge, type Fault } from './judge.js';
import type { Picture } from './picture.js';
import type { Stack } from './stack.js';

const LOOK_MS = 1_000;

interface Unfinished {
  operations: number;
  deliveries: number;
}

async function unfinished({ query, tenant }: Stack): Promise<Unfinished> {
  const [row] = await query<Unfinished>(
    `select (select count(*)::int from operations
              where tenant_id = $1 and status in ('accepted', 'running', 'retrying')) as operations,
            (select count(*)::int from deliveries
              where tenant_id = $1 and status in ('accepted', 'delivering', 'retrying')) as deliveries`,
    [tenant.tenantId],
  );
  return row!;
}

/**
 * Waits until everything has ended and nothing is wrong that was not `known` before; what still is after `limitMs` is the
 * verdict.
 */
export async function settle(
  stack: Stack,
  journal: Journal,
  customers: readonly Customer[],
  { limitMs, known }: { limitMs: number; known: ReadonlySet<string> },
): Promise<{ faults: Fault[]; picture: Picture }> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const late = Date.now() > deadline;
    const { operations, deliveries } = await unfinished(stack);
    if (late || operations + deliveries === 0) {
      const picture = await collect(stack, journal, customers);
      const faults = judge(picture).filter(({ what }) => !known.has(what));
      if (late || faults.length === 0) return { faults, picture };
    }
    await pause(LOOK_MS);
  }
}
