import { loadWithHits } from '../src/database/passes/find-pass.js';
import { ratioOfRounds, type Result } from './result.js';
import { acceptUpdates, seedPasses, seedTenant, TENANT } from './seed.js';
import type { BenchDatabase, Servers } from './servers.js';
import { mean, median, percentile } from './statistics.js';

const FEW = 10_000;
const MANY = 1_000_000;
const OPERATIONS = 1_000;
const ROUNDS = 11;
const PER_ROUND = 500;

interface Side {
  bench: BenchDatabase;
  operations: string[];
  rounds: number[][];
}

async function prepare(servers: Servers, count: number): Promise<Side> {
  const bench = await servers.createDatabase(`find_${count}`);
  await seedTenant(bench);
  await seedPasses(bench, count);
  const operations: string[] = [];
  // Spread over all customers: the lookups meet different pages of the indexes.
  const step = Math.floor(count / OPERATIONS);
  for (let index = 0; index < OPERATIONS; index += 1) {
    const customer = 1 + index * step;
    const range = { first: customer, last: customer, points: 0, status: 'succeeded' as const };
    operations.push((await acceptUpdates(bench, range))[0]!);
  }
  await bench.owner('vacuum analyze operations');
  return { bench, operations, rounds: [] };
}

async function measure({ bench, operations }: Side, count: number, offset: number): Promise<number[]> {
  const sql = bench.database.tenant(TENANT);
  const samples: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const operationId = operations[(offset + index) % operations.length]!;
    const start = performance.now();
    const loaded = await loadWithHits(sql, operationId);
    samples.push(performance.now() - start);
    if (loaded?.hits.length !== 1) throw new Error('find-pass did not find the one pass');
  }
  return samples;
}

/** The product's own query of find-pass with a hundred times as many passes. */
export async function benchFindPass(servers: Servers): Promise<Result> {
  const few = await prepare(servers, FEW);
  const many = await prepare(servers, MANY);
  for (const side of [few, many]) await measure(side, OPERATIONS, 0);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const side of round % 2 === 0 ? [few, many] : [many, few]) {
      side.rounds.push(await measure(side, PER_ROUND, round * PER_ROUND));
    }
  }
  const p50 = (side: Side): number[] => side.rounds.map((samples) => percentile(samples, 0.5));
  const means = (side: Side): number[] => side.rounds.map(mean);
  return {
    title: 'Finding a pass',
    method:
      `The query of find-pass (\`loadWithHits\`: the operation and every pass its identifiers lead to, under row level security) with ` +
      `${FEW.toLocaleString('en')} and with ${MANY.toLocaleString('en')} passes, a database each on one server, ${OPERATIONS} operations spread ` +
      `over all customers, warm. ${ROUNDS} rounds of ${PER_ROUND} each, one query at a time, the two sides in turns.`,
    lines: [
      { name: `find-pass at ${FEW} passes, p50`, value: median(p50(few)), unit: 'ms' },
      { name: `find-pass at ${FEW} passes, mean`, value: median(means(few)), unit: 'ms' },
      { name: `find-pass at ${MANY} passes, p50`, value: median(p50(many)), unit: 'ms' },
      { name: `find-pass at ${MANY} passes, mean`, value: median(means(many)), unit: 'ms' },
    ],
    ratios: [
      ratioOfRounds('find-pass p50 at a hundred times the passes', p50(many), p50(few), { atMost: 1.3 }),
      ratioOfRounds('find-pass mean at a hundred times the passes', means(many), means(few), { atMost: 1.3 }),
    ],
  };
}
