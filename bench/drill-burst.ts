import { setTimeout as pause } from 'node:timers/promises';
import { BURST_SHARES } from '../src/dispatch/bursts.js';
import { putSecret, SECRET_NAMES } from '../src/database/secrets.js';
import { startKlaviyoSimulator, type KlaviyoSimulator } from '../src/simulators/klaviyo/klaviyo.js';
import { preparePhones } from './phones.js';
import { memoryMb, startProduct } from './processes.js';
import { benchSecretBox, productEnv } from './product-env.js';
import { acceptUpdates, seedPasses, seedTenant, TENANT } from './seed.js';
import { startServers, type BenchDatabase, type Servers } from './servers.js';
import { median } from './statistics.js';

const COUNT = Number(process.env['DRILL_COUNT'] ?? 100_000);
const OBJECTS = process.env['DRILL_RECORDS'] !== '0';
const LIMIT_MS = 2 * 3_600_000;
/** Shares of the updates whose phones have been told when the worker is killed. */
const KILLS = [0.25, 0.6];
/** A burst that is killed between its pushes and their record pushes again: so many were under way at each kill. */
const AGAIN = KILLS.length * BURST_SHARES.atOnce * BURST_SHARES.most;
const API_KEY = 'pk_drill';

interface Told {
  told: number;
  ended: number;
  failed: number;
}

async function progress({ owner }: BenchDatabase): Promise<Told> {
  const [row] = await owner<Told>(
    `select (select count(*)::int from operation_steps where step = 'notify-devices' and state = 'succeeded') as told,
            count(*) filter (where outcome = 'updated')::int as ended, count(*) filter (where status = 'failed')::int as failed
       from operations where kind = 'push-update'`,
  );
  return row!;
}

/** A custom object, as far as write-back knows of one: the source of its records. */
async function createDataSource({ url }: KlaviyoSimulator): Promise<string> {
  const response = await fetch(`${url}/api/data-sources`, {
    method: 'POST',
    headers: {
      authorization: `Klaviyo-API-Key ${API_KEY}`,
      revision: '2026-10-15',
      'content-type': 'application/vnd.api+json',
    },
    body: JSON.stringify({
      data: { type: 'data-source', attributes: { title: 'Drill', visibility: 'private', namespace: 'custom-objects' } },
    }),
  });
  return ((await response.json()) as { data: { id: string } }).data.id;
}

async function prepare(servers: Servers) {
  const bench = await servers.createDatabase('drill');
  await seedTenant(bench);
  await seedPasses(bench, COUNT);
  // Klaviyo's published limits are on.
  const klaviyo = await startKlaviyoSimulator({ accounts: [{ apiKey: API_KEY }] });
  servers.onStop(() => klaviyo.close());
  await putSecret(bench.database.tenant(TENANT), SECRET_NAMES.klaviyoApiKey, API_KEY, benchSecretBox());
  const dataSourceId = OBJECTS ? await createDataSource(klaviyo) : null;
  await bench.owner(`update tenants set settings = settings || $2::jsonb where tenant_id = $1`, [
    TENANT,
    JSON.stringify({ klaviyo: { writeBack: true, dataSourceId } }),
  ]);
  const { apns, caFile } = await preparePhones(bench, servers.folder, { first: 1, last: COUNT });
  servers.onStop(() => apns.stop());
  const env = productEnv(servers, bench, {
    APNS_URL: apns.url,
    APNS_CA_FILE: caFile,
    KLAVIYO_API_URL: klaviyo.url,
    LOG_LEVEL: 'warn',
  });
  const start = () => startProduct('src/start-worker.ts', env, servers.folder);
  return { bench, klaviyo, apns, start };
}

function requestsByPath(klaviyo: KlaviyoSimulator): Map<string, { served: number; throttled: number }> {
  const paths = new Map<string, { served: number; throttled: number }>();
  for (const { method, path, status } of klaviyo.requests()) {
    const name = `${method} ${path.replace(/\/01[0-9A-Z]{24}/, '/{id}')}`;
    const counts = paths.get(name) ?? { served: 0, throttled: 0 };
    if (status === 429) counts.throttled += 1;
    else counts.served += 1;
    paths.set(name, counts);
  }
  return paths;
}

const servers = await startServers((line) => console.error(line));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void servers.stop().finally(() => process.exit(1)));
}
let exitCode = 0;
try {
  const { bench, klaviyo, apns, start } = await prepare(servers);
  let worker = start();
  servers.onStop(() => worker.stop());
  const begunMs = performance.now();
  await acceptUpdates(bench, { first: 1, last: COUNT, points: 1_000_000 });
  await bench.owner(`select pg_notify('passrelay_accepted', '')`);
  const kills = [...KILLS];
  const memory: number[] = [];
  let toldMs: number | null = null;
  for (;;) {
    await pause(1_000);
    memory.push(memoryMb(worker.pid));
    const { told, ended, failed } = await progress(bench);
    if (failed > 0) throw new Error(`${failed} updates failed`);
    if (memory.length % 15 === 0) console.error(`  ${told} told, ${ended} ended, ${Math.round(memory.at(-1)!)} MB`);
    if (told === COUNT) toldMs ??= performance.now() - begunMs;
    if (ended === COUNT) break;
    if (performance.now() - begunMs > LIMIT_MS) throw new Error(`only ${ended} of ${COUNT} updates ended`);
    if (kills.length > 0 && told > kills[0]! * COUNT) {
      kills.shift();
      await worker.kill();
      console.error(`  worker killed at ${told}`);
      worker = start();
      memory.length = 0;
    }
  }
  const seconds = (ms: number): number => Math.round(ms / 1000);
  const endedMs = performance.now() - begunMs;
  const [evidence] = await bench.owner<{
    revisions: number;
    steps: number;
    bursts: number;
    gatherings: number;
    alone: number;
  }>(
    `select (select count(*)::int from pass_revisions) as revisions,
            (select count(*)::int from operation_steps where step = 'write-back-event' and state = 'succeeded') as steps,
            (select count(*)::int from bursts where kind = 'push-update') as bursts,
            (select count(*)::int from bursts where kind = 'write-back') as gatherings,
            (select count(*)::int from operations where burst_id is null) as alone`,
  );
  const events = klaviyo.events().filter(({ metric }) => metric === 'Pass Updated').length;
  const told = new Set(apns.pushes.map(({ token }) => token)).size;
  const requests = requestsByPath(klaviyo);
  const all = [...requests.values()].reduce((sum, { served, throttled }) => sum + served + throttled, 0);
  const quarter = Math.max(1, Math.floor(memory.length / 4));
  console.log(
    `${COUNT} updates, worker killed ${KILLS.length} times, Klaviyo's published limits on${OBJECTS ? ', with records' : ''}`,
  );
  console.log(
    `phones told after ${seconds(toldMs!)} s (${Math.round((COUNT * 1000) / toldMs!)} a second); Klaviyo told after ${seconds(endedMs)} s`,
  );
  console.log(
    `bursts ${evidence!.bursts}, gatherings ${evidence!.gatherings}, operations that went alone ${evidence!.alone}`,
  );
  console.log(
    `revisions ${evidence!.revisions}, events in Klaviyo ${events}, phones pushed to ${told}, pushes ${apns.pushes.length}`,
  );
  console.log(`requests to Klaviyo: ${all}, ${((all * 10_000) / COUNT).toFixed(1)} for 10,000 updates`);
  for (const [name, { served, throttled }] of requests) console.log(`  ${name}: ${served}, throttled ${throttled}`);
  console.log(
    `memory of the last worker: median of its first quarter ${Math.round(median(memory.slice(0, quarter)))} MB, ` +
      `of its last quarter ${Math.round(median(memory.slice(-quarter)))} MB, most ${Math.round(Math.max(...memory))} MB`,
  );
  const wrong = [
    evidence!.revisions !== COUNT && `there are ${evidence!.revisions} revisions`,
    events !== COUNT && `Klaviyo has ${events} events`,
    told !== COUNT && `${told} phones were told`,
    apns.pushes.length > COUNT + AGAIN && `${apns.pushes.length} pushes are more than the kills explain`,
  ].filter((fault) => fault !== false);
  if (wrong.length > 0) throw new Error(wrong.join('; '));
} catch (error) {
  console.error(error);
  exitCode = 1;
} finally {
  await servers.stop();
}
process.exit(exitCode);
