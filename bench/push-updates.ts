import { setTimeout as pause } from 'node:timers/promises';
import type { BareAnswer, BareRun } from './bare-worker.js';
import { preparePhones } from './phones.js';
import { cpuMs, startChild, startProduct } from './processes.js';
import { productEnv } from './product-env.js';
import { ratioOfRounds, type Line, type Result } from './result.js';
import { acceptUpdates, seedPasses, seedTenant } from './seed.js';
import type { BenchDatabase, Servers } from './servers.js';
import { median } from './statistics.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
const COUNT = Number(process.env['BENCH_COUNT'] ?? 300);
/** For the engine to finish what is left of a turn, so that it is not the next one's burden. */
const SETTLE_MS = 700;

interface Turn {
  perSecond: number;
  cpuMs: number;
}

/** Accepts one update for each pass and waits until the last one has ended; the database's own clock takes the time. */
async function drain(bench: BenchDatabase, first: number, points: number, pid: number): Promise<Turn> {
  const cpuBefore = cpuMs(pid);
  const [begun] = await bench.owner<{ at: Date }>('select clock_timestamp() as at');
  const ids = await acceptUpdates(bench, { first, last: first + COUNT - 1, points });
  await bench.owner(`select pg_notify('passrelay_accepted', '')`);
  const limit = Date.now() + 180_000;
  for (;;) {
    const [row] = await bench.owner<{ updated: string; failed: string; last: Date }>(
      `select count(*) filter (where outcome = 'updated') as updated, count(*) filter (where status = 'failed') as failed,
              max(ended_at) as last from operations where operation_id = any($1::uuid[])`,
      [ids],
    );
    if (Number(row!.failed) > 0) throw new Error('a push-update of the bench failed: see the log of the worker');
    if (Number(row!.updated) === COUNT) {
      const ms = row!.last.getTime() - begun!.at.getTime();
      return { perSecond: (COUNT * 1000) / ms, cpuMs: (cpuMs(pid) - cpuBefore) / COUNT };
    }
    if (Date.now() > limit) throw new Error(`only ${row!.updated} of ${COUNT} push-updates ended`);
    await pause(100);
  }
}

/** Whole push-updates with real rows, real evidence and real pushes against what the engine alone needs for less. */
export async function benchPushUpdates(servers: Servers): Promise<Result> {
  const bench = await servers.createDatabase('updates');
  await seedTenant(bench);
  await seedPasses(bench, 2 * COUNT);
  const { apns, caFile } = await preparePhones(bench, servers.folder, { first: COUNT + 1, last: 2 * COUNT });
  servers.onStop(() => apns.stop());
  const env = productEnv(servers, bench, { APNS_URL: apns.url, APNS_CA_FILE: caFile });
  const worker = startProduct('src/start-worker.ts', env, servers.folder);
  servers.onStop(() => worker.stop());
  const asOurs = startChild<BareRun, BareAnswer>('bare-worker.ts', [servers.temporalAddress, 'as-ours']);
  servers.onStop(() => asOurs.stop());
  const defaults = startChild<BareRun, BareAnswer>('bare-worker.ts', [servers.temporalAddress, 'sdk-defaults']);
  servers.onStop(() => defaults.stop());

  let points = 0;
  const ours = (first: number) => () => drain(bench, first, (points += 1_000), worker.pid);
  const bare = (child: typeof asOurs, workflow: BareRun['workflow']) => async (): Promise<Turn> => {
    const { ms, cpuMs: cpu } = await child.call({ workflow, count: COUNT });
    return { perSecond: (COUNT * 1000) / ms, cpuMs: cpu / COUNT };
  };
  const sides = {
    update: { name: 'push-updates, no device', run: ours(1) },
    notified: { name: 'push-updates, one push each to the APNs simulator', run: ours(COUNT + 1) },
    oneAsOurs: { name: 'bare, one local + one regular, our worker options', run: bare(asOurs, 'oneLocalOneRegular') },
    oneDefault: { name: 'bare, one local + one regular, SDK defaults', run: bare(defaults, 'oneLocalOneRegular') },
    fiveAsOurs: { name: 'bare, five regular, our worker options', run: bare(asOurs, 'fiveRegular') },
    fiveDefault: { name: 'bare, five regular, SDK defaults', run: bare(defaults, 'fiveRegular') },
  };
  type Side = keyof typeof sides;
  const names = Object.keys(sides) as Side[];
  const turns = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, Turn[]>;
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const turn = await sides[name].run();
      await pause(SETTLE_MS);
      console.error(`  round ${round}: ${sides[name].name}: ${turn.perSecond.toFixed(1)} per second`);
      if (round > 0) turns[name].push(turn);
    }
  }
  const sent = apns.pushes.length;
  if (sent !== COUNT * (ROUNDS + 1)) throw new Error(`${sent} pushes were sent, not ${COUNT * (ROUNDS + 1)}`);

  const rates = (name: Side): number[] => turns[name].map(({ perSecond }) => perSecond);
  const against = (name: string, side: Side, opponent: Side, atLeast?: number) =>
    ratioOfRounds(name, rates(side), rates(opponent), atLeast === undefined ? undefined : { atLeast });
  return {
    title: 'Push-updates to the last step',
    method:
      `${COUNT} push-updates of as many passes are accepted in one commit; the product's worker process (its dispatcher and worker as they ` +
      `ship) finds each pass by e-mail address, applies new data, writes revision, tag, event and evidence, and notifies; the time ends with ` +
      `the last operation's last step. The opponents do nothing in their activities: their process starts ${COUNT} workflows and the time ends ` +
      `with the last activity. ${ROUNDS} rounds, all sides in turns; one worker process each, idle while others run.`,
    lines: [
      ...names.map((name): Line => ({ name: sides[name].name, value: median(rates(name)), unit: 'per second' })),
      ...names.map((name): Line => ({
        name: `${sides[name].name}: Node CPU`,
        value: median(turns[name].map((turn) => turn.cpuMs)),
        unit: 'ms each',
      })),
    ],
    ratios: [
      against('push-updates against bare one local + one regular, our options', 'update', 'oneAsOurs', 1),
      against('with a push each, against the same', 'notified', 'oneAsOurs'),
      against('push-updates against bare one local + one regular, SDK defaults', 'update', 'oneDefault', 1),
      against('push-updates against bare five regular, our options', 'update', 'fiveAsOurs', 2),
      against('with a push each, against the same', 'notified', 'fiveAsOurs'),
      against('push-updates against bare five regular, SDK defaults', 'update', 'fiveDefault', 2),
    ],
  };
}
