import { setTimeout as pause } from 'node:timers/promises';
import { startProduct } from './processes.js';
import { productEnv } from './product-env.js';
import { ratioOfRounds, type Result } from './result.js';
import { drainUpdates, untilUpdated } from './drain-updates.js';
import { preparePhones } from './phones.js';
import { acceptUpdates, seedPasses, seedTenant, TENANT } from './seed.js';
import type { Servers } from './servers.js';
import { median } from './statistics.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** Fewer than a burst needs, so that each goes alone. */
const EACH = 40;
const COUNT = Number(process.env['BENCH_COUNT'] ?? 3_000);
const TENANTS = Math.ceil(COUNT / EACH);
const SETTLE_MS = 700;

interface Rates {
  together: number[];
  alone: number[];
  /** Operations of a burst, on average. */
  size: number;
}

/** Updates of one tenant that go as bursts, and as many of many tenants that go one by one; each with a push where there are phones. */
async function inTurns(servers: Servers, pushed: boolean): Promise<Rates> {
  const bench = await servers.createDatabase(pushed ? 'bursts_pushed' : 'bursts');
  await seedTenant(bench);
  await seedPasses(bench, COUNT);
  const tenants = Array.from({ length: TENANTS }, (_, i) => `${TENANT}-${i}`);
  for (const tenant of tenants) {
    await seedTenant(bench, tenant);
    await seedPasses(bench, EACH, tenant);
  }
  const env: Record<string, string> = {};
  if (pushed) {
    const { apns, caFile } = await preparePhones(bench, servers.folder, { first: 1, last: COUNT }, [
      { first: 1, last: EACH, tenants },
    ]);
    servers.onStop(() => apns.stop());
    Object.assign(env, { APNS_URL: apns.url, APNS_CA_FILE: caFile });
  }
  const worker = startProduct('src/start-worker.ts', productEnv(servers, bench, env), servers.folder);

  let points = 0;
  const together = () => drainUpdates(bench, { first: 1, last: COUNT, points });
  const alone = () =>
    untilUpdated(bench, async () => {
      const ids = await Promise.all(
        tenants.map((tenant) => acceptUpdates(bench, { first: 1, last: EACH, points, tenant })),
      );
      return ids.flat();
    });
  const rates = { together: [] as number[], alone: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    points += 100_000;
    const sides = { together, alone };
    const names = round % 2 === 0 ? (['together', 'alone'] as const) : (['alone', 'together'] as const);
    for (const name of names) {
      const rate = await sides[name]();
      await pause(SETTLE_MS);
      console.error(`  round ${round}: ${name}${pushed ? ', with a push each' : ''}: ${rate.toFixed(1)} per second`);
      if (round > 0) rates[name].push(rate);
    }
  }
  await worker.stop();
  const [inBursts] = await bench.owner<{ runs: number; operations: number }>(
    'select count(*)::int as runs, sum(cardinality(operation_ids))::int as operations from bursts',
  );
  return { ...rates, size: inBursts!.operations / inBursts!.runs };
}

/** What a burst is worth against single runs, without and with a phone for each pass. */
export async function benchBursts(servers: Servers): Promise<Result> {
  const plain = await inTurns(servers, false);
  const pushed = await inTurns(servers, true);
  return {
    title: 'Push-updates in bursts',
    method:
      `${COUNT} push-updates of one tenant are accepted in one commit and go as bursts; as many of ${TENANTS} tenants, ${EACH} each, are too few ` +
      `for one and go as single runs. Both find each pass by e-mail address, apply new data and write revision, tag, event and evidence; first ` +
      `without a device, then with a phone for each pass and a push to the APNs simulator. The time ends with the last operation's last step. ` +
      `${ROUNDS} rounds in turns, one worker process.`,
    lines: [
      { name: 'in bursts', value: median(plain.together), unit: 'per second' },
      { name: 'as single runs', value: median(plain.alone), unit: 'per second' },
      { name: 'in bursts, with a push each', value: median(pushed.together), unit: 'per second' },
      { name: 'as single runs, with a push each', value: median(pushed.alone), unit: 'per second' },
      { name: 'operations of a burst', value: plain.size, unit: 'on average' },
    ],
    ratios: [
      ratioOfRounds('in bursts against our own single runs', plain.together, plain.alone, { atLeast: 10 }),
      ratioOfRounds('the same with a push each', pushed.together, pushed.alone, { atLeast: 5 }),
    ],
  };
}
