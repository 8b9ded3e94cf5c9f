import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { drainUpdates } from './drain-updates.js';
import { cpuMs, startProduct } from './processes.js';
import { productEnv } from './product-env.js';
import { ratioOfRounds, type Result } from './result.js';
import { seedPasses, seedTenant } from './seed.js';
import type { Servers } from './servers.js';
import { median } from './statistics.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);
/** Fewer than a burst needs: each update is a run, and a trace, of its own. */
const AT_ONCE = 45;
const BATCHES = Number(process.env['BENCH_COUNT'] ?? 270) / AT_ONCE;
const COUNT = AT_ONCE * BATCHES;
/** For the engine to finish what is left of a turn, and for the last spans to be sent. */
const SETTLE_MS = 6_000;

/** Takes OTLP over HTTP and counts it, as a collector that keeps nothing. */
async function startCollector() {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => void (bytes += chunk.length));
    request.on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    bytes: () => bytes,
    stop: async () => void server.closeAllConnections(),
  };
}

interface Turn {
  perSecond: number;
  cpuMs: number;
}

/** The same updates by a worker without tracing, and by one that sends every span to a collector on this machine. */
export async function benchTracing(servers: Servers): Promise<Result> {
  const collector = await startCollector();
  servers.onStop(() => collector.stop());
  const startSide = async (name: string, env: Record<string, string>) => {
    const bench = await servers.createDatabase(name);
    await seedTenant(bench);
    await seedPasses(bench, AT_ONCE);
    const settings = productEnv(servers, bench, { TEMPORAL_TASK_QUEUE: name, ...env });
    const worker = startProduct('src/start-worker.ts', settings, servers.folder, name);
    servers.onStop(() => worker.stop());
    const turns: Turn[] = [];
    return {
      turns,
      async run(round: number): Promise<void> {
        const before = cpuMs(worker.pid);
        let seconds = 0;
        for (let batch = 0; batch < BATCHES; batch += 1) {
          const points = 1_000 * (round * BATCHES + batch + 1);
          seconds += AT_ONCE / (await drainUpdates(bench, { first: 1, last: AT_ONCE, points }));
        }
        await pause(SETTLE_MS);
        const turn = { perSecond: COUNT / seconds, cpuMs: (cpuMs(worker.pid) - before) / COUNT };
        console.error(`  round ${round}: ${name}: ${turn.perSecond.toFixed(1)} per second`);
        if (round > 0) turns.push(turn);
      },
    };
  };
  const off = await startSide('untraced', {});
  const on = await startSide('traced', { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const side of round % 2 === 0 ? [off, on] : [on, off]) await side.run(round);
  }
  if (collector.bytes() === 0) throw new Error('the collector got no span');

  const rates = (turns: Turn[]) => turns.map(({ perSecond }) => perSecond);
  const cpu = (turns: Turn[]) => turns.map((turn) => turn.cpuMs);
  return {
    title: 'Tracing on and off',
    method:
      `${COUNT} push-updates without a device, ${AT_ONCE} at a time so that each is a run of its own, from acceptance to the last step, by a worker process without tracing and by one that sends ` +
      `every span (no sampling, OTLP as protobuf) to a collector on the same machine. ${ROUNDS} rounds in turns; one idles while the other works.`,
    lines: [
      { name: 'push-updates, tracing off', value: median(rates(off.turns)), unit: 'per second' },
      { name: 'push-updates, tracing on', value: median(rates(on.turns)), unit: 'per second' },
      { name: 'tracing off: Node CPU', value: median(cpu(off.turns)), unit: 'ms each' },
      { name: 'tracing on: Node CPU', value: median(cpu(on.turns)), unit: 'ms each' },
      {
        name: 'sent to the collector',
        value: collector.bytes() / 1024 / (COUNT * (ROUNDS + 1)),
        unit: 'kB for each update',
      },
    ],
    ratios: [
      ratioOfRounds('push-updates a second, tracing on against off', rates(on.turns), rates(off.turns)),
      ratioOfRounds('Node CPU of a push-update, tracing on against off', cpu(on.turns), cpu(off.turns)),
    ],
  };
}
