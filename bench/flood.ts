import { setTimeout as pause } from 'node:timers/promises';
import { startProduct } from './processes.js';
import { productEnv } from './product-env.js';
import { ratioOfRounds, type Result } from './result.js';
import { acceptUpdates, seedPasses, seedTenant } from './seed.js';
import type { BenchDatabase, Servers } from './servers.js';
import { median } from './statistics.js';

const LOUD = 'loud';
const QUIET = 'quiet';
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SAMPLES = 9;
const FLOOD = 1_000;
/** The flood is filled up again before it falls below this, so that no sample meets its end. */
const KEEP_WAITING = 300;

async function unfinished({ owner }: BenchDatabase): Promise<number> {
  const [row] = await owner<{ n: number }>(
    `select count(*)::int as n from operations where tenant_id = $1 and status in ('accepted', 'running', 'retrying')`,
    [LOUD],
  );
  return row!.n;
}

async function ended({ owner }: BenchDatabase): Promise<number> {
  const [row] = await owner<{ n: number }>(
    `select count(*)::int as n from operations where tenant_id = $1 and status = 'succeeded'`,
    [LOUD],
  );
  return row!.n;
}

/** Milliseconds from the acceptance of one update of the quiet tenant to its last step, by the database's clock. */
async function single({ owner, ...bench }: BenchDatabase, points: number): Promise<number> {
  const update = { tenant: QUIET, first: 1, last: 1, points };
  const [id] = await acceptUpdates({ owner, ...bench }, update);
  await owner(`select pg_notify('passrelay_accepted', '')`);
  for (;;) {
    const [row] = await owner<{ ms: number | null; status: string }>(
      `select (extract(epoch from ended_at - accepted_at) * 1000)::float8 as ms, status from operations where operation_id = $1`,
      [id],
    );
    if (row!.status === 'failed') throw new Error('an update of the bench failed: see the log of the worker');
    if (row!.ms !== null) return row!.ms;
    await pause(20);
  }
}

/** What a flood of one tenant does to a single update of another: the same update alone, and while a thousand wait. */
export async function benchFlood(servers: Servers): Promise<Result> {
  const bench = await servers.createDatabase('flood');
  for (const tenant of [LOUD, QUIET]) {
    await seedTenant(bench, tenant);
    await seedPasses(bench, FLOOD, tenant);
  }
  const worker = startProduct('src/start-worker.ts', productEnv(servers, bench, {}), servers.folder);
  servers.onStop(() => worker.stop());

  let points = 0;
  async function turn(between: () => Promise<void>): Promise<number> {
    const times: number[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      await between();
      times.push(await single(bench, (points += 1)));
    }
    return median(times);
  }
  async function refill(): Promise<void> {
    const waiting = await unfinished(bench);
    if (waiting >= KEEP_WAITING) return;
    await acceptUpdates(bench, { tenant: LOUD, first: 1, last: FLOOD - waiting, points: (points += FLOOD) });
    // Until the flood is at work again.
    while ((await unfinished(bench)) > FLOOD - 50) await pause(20);
  }
  /** What has not begun is of no interest to the next round. */
  async function endFlood(): Promise<void> {
    await bench.owner(
      `update operations set status = 'cancelled', outcome = 'cancelled', ended_at = now()
        where tenant_id = $1 and status = 'accepted' and dispatch_after <= now()`,
      [LOUD],
    );
    while ((await unfinished(bench)) > 0) await pause(100);
  }

  const alone: number[] = [];
  const flooded: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const quiet = await turn(async () => undefined);
    await refill();
    const [before, since] = [await ended(bench), performance.now()];
    const besides = await turn(refill);
    const rate = ((await ended(bench)) - before) / ((performance.now() - since) / 1000);
    await endFlood();
    console.error(`  round ${round}: alone ${quiet.toFixed(0)} ms, beside the flood ${besides.toFixed(0)} ms`);
    if (round === 0) continue;
    alone.push(quiet);
    flooded.push(besides);
    rates.push(rate);
  }
  return {
    title: "One tenant's flood and another's single update",
    method:
      `The product's worker process carries out single updates of one tenant, ${SAMPLES} in a row, from acceptance to the last step: with nothing ` +
      `else to do, and while ${KEEP_WAITING} to ${FLOOD} updates of another tenant wait and are worked off. ${ROUNDS} rounds; the figures are medians.`,
    lines: [
      { name: 'single update, alone', value: median(alone), unit: 'ms' },
      { name: 'single update, beside the flood', value: median(flooded), unit: 'ms' },
      { name: 'the flood meanwhile', value: median(rates), unit: 'updates/s' },
    ],
    ratios: [ratioOfRounds('beside a flood against alone', flooded, alone, { atMost: 1.5 })],
  };
}
