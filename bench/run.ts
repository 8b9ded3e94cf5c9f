import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { benchAcknowledge } from './acknowledge.js';
import { benchBursts } from './bursts.js';
import { benchDeliveries } from './deliveries.js';
import { benchEverythingOn } from './everything-on.js';
import { benchFindPass } from './find-pass.js';
import { benchFlood } from './flood.js';
import { benchPeers } from './peers/peers.js';
import { benchPushUpdates } from './push-updates.js';
import { isMet, ratioText, goalText, toMarkdown, toText, type Result } from './result.js';
import { startServers, type Servers } from './servers.js';
import { benchSignPasses } from './sign-passes.js';
import { benchTagRow } from './tag-row.js';
import { benchTracing } from './tracing.js';

const MEASURES: Record<string, (servers: () => Promise<Servers>) => Promise<Result>> = {
  // First, as it needs no servers: behind the others theirs would still be cleaning up on its cores.
  sign: () => benchSignPasses(),
  ack: async (servers) => benchAcknowledge(await servers()),
  updates: async (servers) => benchPushUpdates(await servers()),
  bursts: async (servers) => benchBursts(await servers()),
  everything: async (servers) => benchEverythingOn(await servers()),
  tags: async (servers) => benchTagRow(await servers()),
  tracing: async (servers) => benchTracing(await servers()),
  flood: async (servers) => benchFlood(await servers()),
  deliveries: async (servers) => benchDeliveries(await servers()),
  peers: async (servers) => benchPeers(await servers()),
  find: async (servers) => benchFindPass(await servers()),
};

const args = process.argv.slice(2);
const write = args.includes('--write');
const asked = args.filter((arg) => arg !== '--write');
const unknown = asked.filter((name) => !(name in MEASURES));
if (unknown.length > 0 || (write && asked.length > 0)) {
  console.error(
    unknown.length > 0
      ? `There is no measure ${unknown.join(', ')}. Known are: ${Object.keys(MEASURES).join(', ')}.`
      : '--write needs a run of all measures.',
  );
  process.exit(2);
}

const machine = (): string =>
  `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB of memory, ` +
  `${process.platform}, Node ${process.version}`;

function document(results: Result[]): string {
  const short = results.flatMap(({ ratios }) => ratios).filter((ratio) => isMet(ratio) === false);
  const shortfall =
    short.length === 0
      ? 'Every goal was met in this run.'
      : `Short of its goal in this run:\n\n${short.map((ratio) => `- ${ratio.name}: ${ratioText(ratio)}, goal ${goalText(ratio)}`).join('\n')}`;
  return `# Benchmarks

\`npm run bench\` measures; \`npm run bench -- ack\` (or another name; a wrong one lists them) measures one thing; \`npm run bench -- --write\` writes
this page. Everything is compared with an opponent on the same servers in the same run, and the two sides take turns: ratios
carry over to other machines, the figures behind them do not. Servers are the product's embedded PostgreSQL (durable: \`fsync\` on)
and Temporal's development server, fresh for each run. Temporal keeps its state in memory here, unlike under \`npm start\`: that makes
the engine, and with it the opponents, as fast as they can be on any disk, while our own rows are synced to it. A ratio is the median
over the rounds; beside it stand the lowest and highest round.

Machine of this run: ${machine()}. Servers, load generators and the process measured share its cores.

${shortfall}

${results.map(toMarkdown).join('\n')}`;
}

let running: Promise<Servers> | undefined;
const servers = (): Promise<Servers> => (running ??= startServers((line) => console.error(line)));
const stop = async (): Promise<void> => (await running)?.stop();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop().finally(() => process.exit(1)));
}

let exitCode = 0;
try {
  console.log(`Machine: ${machine()}`);
  const results: Result[] = [];
  for (const name of asked.length > 0 ? asked : Object.keys(MEASURES)) {
    const result = await MEASURES[name]!(servers);
    console.log(toText(result));
    results.push(result);
  }
  if (write) writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), document(results));
} catch (error) {
  console.error(error);
  exitCode = 1;
} finally {
  await stop();
}
process.exit(exitCode);
