import { setTimeout as pause } from 'node:timers/promises';
import { acceptUpdates } from './seed.js';
import type { BenchDatabase } from './servers.js';

const LIMIT_MS = 600_000;

/** Waits for the last operation's last step; the database's own clock takes the time. Returns updates a second. */
export async function untilUpdated(bench: BenchDatabase, accept: () => Promise<string[]>): Promise<number> {
  const [begun] = await bench.owner<{ at: Date }>('select clock_timestamp() as at');
  const ids = await accept();
  await bench.owner(`select pg_notify('passrelay_accepted', '')`);
  const limit = Date.now() + LIMIT_MS;
  for (;;) {
    const [row] = await bench.owner<{ updated: number; failed: number; last: Date }>(
      `select count(*) filter (where outcome = 'updated')::int as updated,
              count(*) filter (where status = 'failed')::int as failed, max(ended_at) as last
         from operations where operation_id = any($1::uuid[])`,
      [ids],
    );
    if (row!.failed > 0) throw new Error('a push-update of the bench failed: see the log of the worker');
    if (row!.updated === ids.length) return (ids.length * 1000) / (row!.last.getTime() - begun!.at.getTime());
    if (Date.now() > limit) throw new Error(`only ${row!.updated} of ${ids.length} push-updates ended`);
    await pause(100);
  }
}

/** Accepts one update for each pass of the range in one commit and waits until all are done. */
export const drainUpdates = (
  bench: BenchDatabase,
  range: { first: number; last: number; points: number },
): Promise<number> => untilUpdated(bench, () => acceptUpdates(bench, range));
