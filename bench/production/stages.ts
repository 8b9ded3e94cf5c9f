import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BUILDS, setCurrentBuild, untilDrained, WORKERS } from './builds.js';
import { median, percentile } from '../statistics.js';
import type { Exchange } from './journal.js';
import { startLoad } from './load.js';
import { CODEC_KEY, PORTS } from './settings.js';
import { MERCHANT_URL, PASSES, type World } from './world.js';

export interface StageContext {
  world: World;
  folder: string;
  /** Whether Prometheus is at hand. */
  scraped: boolean;
  say(line: string): void;
}

/** What a stage shows; throws where it failed. */
export type Stage = { name: string; run(context: StageContext): Promise<string> };

const PER_SECOND = 5;

const failed = ({ status }: Exchange): boolean => status === null || status >= 300;
function describe(exchanges: readonly Exchange[]): string {
  const times = exchanges.map(({ ms }) => ms);
  const bad = new Map<number | string, number>();
  for (const { status } of exchanges.filter(failed))
    bad.set(status ?? 'no answer', (bad.get(status ?? 'no answer') ?? 0) + 1);
  const answers = [...bad].map(([status, count]) => `${count} × ${status}`).join(', ') || '0 failed';
  return `${exchanges.length} requests, ${answers}, median ${Math.round(median(times))} ms, p99 ${Math.round(percentile(times, 0.99))} ms, slowest ${Math.round(percentile(times, 1))} ms`;
}

/** Runs the work under load, waits until everything has ended, and judges. `strict`: no request may fail. */
async function underLoad(
  { world, say }: StageContext,
  { strict, settleMs = 5_000 }: { strict: boolean; settleMs?: number },
  work: () => Promise<string>,
): Promise<string> {
  const { journal } = world;
  const [from, updatesBefore] = [journal.exchanges.length, journal.updates.length];
  const client = strict ? world.strict : world.patient;
  const load = startLoad({ client, journal, serialNumbers: world.serialNumbers(), perSecond: PER_SECOND });
  await pause(settleMs);
  const done = await work().finally(async () => {
    await pause(settleMs);
    await load.stop();
  });
  say('  the load has stopped; waiting for the last effect');
  const exchanges = journal.exchanges.slice(from);
  const faults = await world.untilSound();
  const bad = exchanges.filter(failed).length;
  if (strict && bad > 0) faults.unshift(`${bad} requests failed`);
  if (faults.length > 0) throw new Error(faults.join('; '));
  const updates = journal.updates.slice(updatesBefore);
  const refused = updates.filter(({ correlationId }) => correlationId === null).length;
  return `${done}; ${updates.length - refused} updates accepted, all carried out${refused ? `, ${refused} not accepted` : ''}; ${describe(exchanges)}`;
}

async function journey({ world }: StageContext): Promise<string> {
  const { secret } = await world.strict.createWebhookEndpoint(MERCHANT_URL);
  world.outside.merchant.useSecrets(secret);
  await world.issuePasses();
  const [serialNumber] = world.serialNumbers();
  world.journal.updates.push({
    serialNumber: serialNumber!,
    points: 1,
    correlationId: (
      await world.strict.pushUpdate({ identifiers: { serialNumber: serialNumber! }, additionalData: { points: 1 } })
    ).correlationId,
  });
  const faults = await world.untilSound();
  if (faults.length > 0) throw new Error(faults.join('; '));
  return `${PASSES} passes issued over TLS, installed on ${PASSES} phones and verified there; an update reached phone, Klaviyo and merchant`;
}

/** Temporal sees no clear text, and the codec server gives it to who has its key. */
async function payloads({ world }: StageContext): Promise<string> {
  const { temporal } = world.topology;
  const id = world.journal.updates[0]!.correlationId!;
  const list = JSON.parse(
    await temporal.cli(['workflow', 'list', '--query', `PassrelayCorrelationId = '${id}'`, '--output', 'json']),
  ) as { execution: { workflowId: string } }[];
  const show = (more: string[]) =>
    temporal.cli(['workflow', 'show', '--workflow-id', list[0]!.execution.workflowId, '--output', 'json', ...more]);
  const sealed = await show([]);
  if (!sealed.includes(Buffer.from('binary/encrypted').toString('base64')) && !sealed.includes('binary/encrypted')) {
    throw new Error('the history shows no encrypted payload');
  }
  const opened = await show([
    '--codec-endpoint',
    `http://127.0.0.1:${PORTS.codec}`,
    '--codec-auth',
    `Bearer ${CODEC_KEY}`,
  ]);
  if (opened.includes('binary/encrypted') || opened.includes(Buffer.from('binary/encrypted').toString('base64'))) {
    throw new Error('the codec server opened nothing');
  }
  return `input and results of the history are encrypted; the codec server opens them for its key`;
}

async function prometheus<T>(query: string): Promise<T> {
  return (await (await fetch(`http://127.0.0.1:${PORTS.prometheus}/api/v1/${query}`)).json()) as T;
}

async function metrics({ scraped }: StageContext): Promise<string> {
  if (!scraped) return 'not tried: no prometheus on PATH';
  type Targets = { data: { activeTargets: { health: string; lastError: string; scrapeUrl: string }[] } };
  await pause(5_000);
  const { data } = await prometheus<Targets>('targets');
  const up = data.activeTargets.filter(({ health }) => health === 'up').length;
  if (up < PORTS.apis.length + WORKERS) throw new Error(`only ${up} targets answer`);
  type Rules = { data: { groups: { rules: { name: string; health: string; state: string; lastError?: string }[] }[] } };
  const rules = (await prometheus<Rules>('rules')).data.groups.flatMap((group) => group.rules);
  const broken = rules.filter(({ health }) => health !== 'ok');
  if (rules.length === 0 || broken.length > 0)
    throw new Error(`rules: ${broken.map(({ name, lastError }) => `${name} ${lastError}`).join(', ')}`);
  type Series = { data: { result: { value: [number, string] }[] } };
  const steps = (
    await prometheus<Series>(`query?query=${encodeURIComponent('sum(passrelay_step_duration_seconds_count)')}`)
  ).data.result;
  const firing = rules.filter(({ state }) => state === 'firing').map(({ name }) => name);
  return `Prometheus scrapes ${up} processes, judges ${rules.length} alerts (firing: ${firing.join(', ') || 'none'}), and counts ${steps[0]?.value[1] ?? 'no'} steps`;
}

async function upgrade(context: StageContext): Promise<string> {
  const { topology } = context.world;
  return underLoad(context, { strict: true }, async () => {
    await topology.migrate();
    for (let slot = 0; slot < WORKERS; slot++) await topology.startWorker(slot + WORKERS, BUILDS.new);
    await setCurrentBuild(topology, BUILDS.new);
    await untilDrained(topology, BUILDS.old);
    for (let slot = 0; slot < WORKERS; slot++) await topology.stopWorker(slot);
    for (const index of PORTS.apis.keys()) {
      await topology.stopApi(index);
      await topology.startApi(index);
      // The proxy takes it in again after two good answers.
      await pause(5_000);
    }
    return `${WORKERS} workers of a second build beside the first, which left once it was drained; both APIs replaced one after the other`;
  });
}

async function failover(context: StageContext): Promise<string> {
  const { postgres } = context.world.topology;
  return underLoad(context, { strict: false }, async () => {
    const begun = performance.now();
    await postgres.stop();
    await pause(8_000);
    await postgres.start();
    return `PostgreSQL, Temporal's databases with it, away for ${Math.round((performance.now() - begun) / 1000)} s`;
  });
}

async function temporalRestart(context: StageContext): Promise<string> {
  const { temporal } = context.world.topology;
  return underLoad(context, { strict: true }, async () => {
    const begun = performance.now();
    await temporal.stop();
    await pause(15_000);
    await temporal.start();
    return `Temporal away for ${Math.round((performance.now() - begun) / 1000)} s`;
  });
}

async function stopProduct({ topology }: World): Promise<void> {
  for (const index of PORTS.apis.keys()) await topology.stopApi(index);
  for (let slot = 0; slot < WORKERS; slot++) await topology.stopWorker(slot + WORKERS);
}
async function startProduct({ topology }: World): Promise<void> {
  for (const index of PORTS.apis.keys()) await topology.startApi(index);
  for (let slot = 0; slot < WORKERS; slot++) await topology.startWorker(slot + WORKERS, BUILDS.new);
  await topology.untilProxied();
}

/** The worst moment for a dump: accepted, not begun; carried out before the crash; then the dump comes back. */
async function restore(context: StageContext): Promise<string> {
  const { world, folder, say } = context;
  const { topology, journal } = world;
  const { postgres } = topology;
  const dump = path.join(folder, 'passrelay.dump');
  const connection = ['-U', 'postgres'];
  for (let slot = 0; slot < WORKERS; slot++) await topology.stopWorker(slot + WORKERS);
  const waiting = world.serialNumbers().slice(0, 20);
  for (const [at, serialNumber] of waiting.entries()) {
    const points = 900_000 + at;
    const { correlationId } = await world.strict.pushUpdate({
      identifiers: { serialNumber },
      additionalData: { points },
    });
    journal.updates.push({ serialNumber, points, correlationId });
  }
  await postgres.run('pg_dump', ['--format=custom', `--file=${dump}`, topology.databaseUrl]);
  for (let slot = 0; slot < WORKERS; slot++) await topology.startWorker(slot + WORKERS, BUILDS.new);
  const before = await world.untilSound();
  if (before.length > 0) throw new Error(`before the crash: ${before.join('; ')}`);
  await stopProduct(world);
  say('  the database is lost; restoring it');
  const begun = performance.now();
  const staleBefore = world.outside.merchant.deliveries.filter(({ stale }) => stale).length;
  await postgres.run('psql', [
    ...connection,
    '-d',
    'postgres',
    '-c',
    'drop database passrelay with (force)',
    '-c',
    'create database passrelay owner passrelay',
  ]);
  await postgres.run('pg_restore', ['--no-owner', '--exit-on-error', `--dbname=${topology.databaseUrl}`, dump]);
  await topology.migrate();
  await startProduct(world);
  const seconds = Math.round((performance.now() - begun) / 1000);
  // The counters of the backup are behind what phones and merchants have seen.
  for (const [at, serialNumber] of waiting.entries()) {
    const points = 950_000 + at;
    const { correlationId } = await world.patient.pushUpdate({
      identifiers: { serialNumber },
      additionalData: { points },
    });
    journal.updates.push({ serialNumber, points, correlationId });
  }
  const faults = await world.untilSound();
  const ignored = world.outside.merchant.deliveries.filter(({ stale }) => stale).slice(staleBefore);
  if (ignored.length > waiting.length)
    faults.push(`the merchant dropped ${ignored.length} events as older than what it knew`);
  if (faults.length > 0) throw new Error(faults.join('; '));
  return `${waiting.length} updates accepted, dumped, carried out, lost with the database and restored: all succeeded again, told once, and the next ${waiting.length} were taken by phones and merchant; back after ${seconds} s`;
}

/** In this order; each leaves the topology whole. */
export const STAGES: readonly Stage[] = [
  { name: 'journey', run: journey },
  { name: 'payload encryption', run: payloads },
  { name: 'metrics and alerts', run: metrics },
  { name: 'rolling upgrade', run: upgrade },
  { name: 'database failover', run: failover },
  { name: "Temporal's restart", run: temporalRestart },
  { name: 'restore from pg_dump', run: restore },
];
