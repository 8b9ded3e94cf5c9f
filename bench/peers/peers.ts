import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../src/embedded/free-port.js';
import { drainUpdates } from '../drain-updates.js';
import { startProduct } from '../processes.js';
import { productEnv } from '../product-env.js';
import { ratioOfRounds, type Result } from '../result.js';
import { seedPasses, seedTenant } from '../seed.js';
import type { Servers } from '../servers.js';
import { median } from '../statistics.js';
import { startWebhookLoad } from '../webhook-load.js';
import { installPeers, startPeer } from './install.js';
import { startRestate } from './restate-server.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const BURST = Number(process.env['BENCH_COUNT'] ?? 3_000);
const PEER_COUNT = 1_000;
const PEER_CONCURRENCY = 40;
const SENDS = 2_000;
const SENDERS = 16;
const SETTLE_MS = 700;

/** Ours beside DBOS, Restate and pg-boss, on the same PostgreSQL and in turns. */
export async function benchPeers(servers: Servers): Promise<Result> {
  const packages = installPeers((line) => console.error(line));
  const bench = await servers.createDatabase('peers');
  await seedTenant(bench);
  await seedPasses(bench, BURST);
  const worker = startProduct('src/start-worker.ts', productEnv(servers, bench, {}), servers.folder);
  servers.onStop(() => worker.stop());
  const webhooks = await startWebhookLoad(servers);
  servers.onStop(() => webhooks.stop());
  const peerDatabase = async (name: string): Promise<Record<string, string>> => ({
    PEER_DATABASE_URL: await servers.createEmptyDatabase(name),
  });
  const dbos = await startPeer(packages, 'dbos.js', await peerDatabase('dbos'));
  servers.onStop(() => dbos.stop());
  const boss = await startPeer(packages, 'pg-boss.js', await peerDatabase('pg_boss'));
  servers.onStop(() => boss.stop());
  const server = await startRestate(packages, servers.folder);
  servers.onStop(() => server.stop());
  const restate = await startPeer(packages, 'restate.js', {
    PEER_INGRESS: server.ingress,
    PEER_ADMIN: server.admin,
    PEER_PORT: String(await freePort([])),
  });
  servers.onStop(() => restate.stop());

  let points = 0;
  const rate = (count: number, ms: number): number => (count * 1_000) / ms;
  const fiveSteps = { count: PEER_COUNT, concurrency: PEER_CONCURRENCY };
  const sides = {
    burst: () => drainUpdates(bench, { first: 1, last: BURST, points: (points += 100_000) }),
    dbos: async () => rate(PEER_COUNT, await dbos.run(fiveSteps)),
    restate: async () => rate(PEER_COUNT, await restate.run(fiveSteps)),
    webhook: async () => {
      const begun = performance.now();
      await webhooks.call({ target: 'webhook', count: SENDS, concurrency: SENDERS });
      return rate(SENDS, performance.now() - begun);
    },
    send: async () => rate(SENDS, await boss.run({ count: SENDS, concurrency: SENDERS })),
  };
  type Side = keyof typeof sides;
  const names = Object.keys(sides) as Side[];
  const rates = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, number[]>;
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const one = await sides[name]();
      await pause(SETTLE_MS);
      console.error(`  round ${round}: ${name}: ${one.toFixed(1)} per second`);
      if (round > 0) rates[name].push(one);
    }
  }
  const line = (name: string, side: Side) => ({ name, value: median(rates[side]), unit: 'per second' });
  return {
    title: 'Beside DBOS, Restate and pg-boss',
    method:
      `${BURST} push-updates of one tenant as bursts, whole, to the last step, against durable workflows of five steps that do nothing: ` +
      `${PEER_COUNT} of DBOS 5 (the same PostgreSQL) and of Restate 1.7 (its own store), ${PEER_CONCURRENCY} at a time, each process on ` +
      `Node 24. ${SENDS} webhooks over HTTP, ${SENDERS} under way, against as many \`send\` of pg-boss 12 in its own process. ` +
      `${ROUNDS} rounds, all sides in turns.`,
    lines: [
      line('push-updates in bursts', 'burst'),
      line('DBOS, five no-op steps', 'dbos'),
      line('Restate, five no-op steps', 'restate'),
      line('webhooks acknowledged', 'webhook'),
      line('pg-boss send', 'send'),
    ],
    ratios: [
      ratioOfRounds('push-updates in bursts against DBOS', rates.burst, rates.dbos, { atLeast: 5 }),
      ratioOfRounds('push-updates in bursts against Restate', rates.burst, rates.restate),
      ratioOfRounds('webhooks acknowledged against pg-boss send', rates.webhook, rates.send, { atLeast: 1 }),
    ],
  };
}
