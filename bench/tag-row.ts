import { createHash } from 'node:crypto';
import { loadForChange } from '../src/database/passes/passes.js';
import { writeChange } from '../src/database/passes/write-change.js';
import { ratioOfRounds, type Result } from './result.js';
import { acceptUpdates, APPLE_PASS_TYPE, seedPasses, seedTenant, TENANT } from './seed.js';
import type { BenchDatabase, Servers } from './servers.js';
import { median } from './statistics.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const COUNT = 640;
const AT_ONCE = 16;

const passIdOf = (number: number): string => {
  const hex = createHash('md5').update(`${TENANT}pass ${number}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

/** Changes a second of the passes from `first` on, sixteen under way, by the statement of the single path. */
async function change(bench: BenchDatabase, first: number, points: number): Promise<number> {
  const db = bench.database.tenant(TENANT);
  const ids = await acceptUpdates(bench, { first, last: first + COUNT - 1, points });
  const work = ids.map((operationId, index) => ({ operationId, passId: passIdOf(first + index) }));
  const begunMs = performance.now();
  const worker = async (): Promise<void> => {
    for (let next = work.pop(); next; next = work.pop()) {
      const { operationId, passId } = next;
      const step = { tenantId: TENANT, operationId, run: 1, step: 'apply-data', state: 'succeeded' } as const;
      const loaded = await loadForChange(db, { tenantId: TENANT, operationId, passId }, 'data', false);
      const before = loaded!.pass;
      const written = await writeChange(db, {
        ...{ before, after: { ...before, data: { ...before.data, points } }, change: 'data', step },
        ...{ changed: { points: { from: before.data['points'], to: points } }, changedFields: ['points'] },
      });
      if (written === undefined) throw new Error('a pass of the bench was written by another');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (COUNT * 1_000) / (performance.now() - begunMs);
}

/** Commits a second of one connection that does nothing else: what the disk allows one row that is written again and again. */
async function commits(bench: BenchDatabase): Promise<number> {
  const count = 300;
  const begunMs = performance.now();
  for (let index = 0; index < count; index += 1) await bench.owner('insert into bench_commits default values');
  return (count * 1_000) / (performance.now() - begunMs);
}

/** The hot row of the single path: all changes of one tenant's passes of one type take their tag from it, and commit. */
export async function benchTagRow(servers: Servers): Promise<Result> {
  const bench = await servers.createDatabase('tags');
  await seedTenant(bench);
  await seedPasses(bench, 2 * COUNT);
  await bench.owner('create table bench_commits (at timestamptz default now())');
  for (let number = COUNT + 1; number <= 2 * COUNT; number += 1) {
    await bench.owner('update passes set apple_pass_type_identifier = $2 where pass_id = $1', [
      passIdOf(number),
      `${APPLE_PASS_TYPE}.${number % AT_ONCE}`,
    ]);
  }
  const rates = { one: [] as number[], many: [] as number[], disk: [] as number[] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const points = 100_000 * (round + 1);
    const sides = {
      one: () => change(bench, 1, points),
      many: () => change(bench, COUNT + 1, points),
      disk: () => commits(bench),
    };
    const names = round % 2 === 0 ? (['one', 'many', 'disk'] as const) : (['disk', 'many', 'one'] as const);
    for (const name of names) {
      const rate = await sides[name]();
      console.error(`  round ${round}: ${name}: ${rate.toFixed(0)} per second`);
      if (round > 0) rates[name].push(rate);
    }
  }
  return {
    title: 'The hot row of a pass type',
    method:
      `${COUNT} changes of as many passes by the statements of the single path, ${AT_ONCE} under way, no engine: all of one pass type, which take their ` +
      `tags from one row and wait for each other's commit, and of ${AT_ONCE} types. Beside them one connection that commits one row after the other. ` +
      `PostgreSQL syncs each commit to this machine's disk. ${ROUNDS} rounds in turns.`,
    lines: [
      { name: 'changes of passes of one type', value: median(rates.one), unit: 'per second' },
      { name: `changes of passes of ${AT_ONCE} types`, value: median(rates.many), unit: 'per second' },
      { name: 'commits of one connection, one after the other', value: median(rates.disk), unit: 'per second' },
    ],
    ratios: [
      ratioOfRounds(`one type against ${AT_ONCE} types`, rates.one, rates.many),
      ratioOfRounds('one type against the commits of one connection', rates.one, rates.disk),
    ],
  };
}
