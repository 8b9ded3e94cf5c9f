import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { SIMULATED_KLAVIYO_KEY } from '../../src/demo/simulators.js';
import { createApiCalls } from '../../src/demo/api-calls.js';
import { setUpKlaviyo } from '../../src/demo/klaviyo-set-up.js';
import { registerMerchant } from '../../src/demo/merchant-endpoint.js';
import { installPass, type Customer } from './customers.js';
import { RUNS, type ChaosRun } from './faults.js';
import { createJournal, type Journal } from './journal.js';
import type { Fault } from './judge.js';
import { createRandom, startLoad, type Subject } from './load.js';
import { headLine, measure, resultLine, type RunResult } from './report.js';
import { deliver, issuePass } from './requests.js';
import { settle } from './settle.js';
import { startStack, type Stack } from './stack.js';

const HELP = `npm run drill:chaos -- [options] [run …]

Real processes under load, harmed on purpose; then a judge compares a journal kept outside with everything.
Exits with 1 where anything was lost, doubled, inverted or left unfinished.

  --short          the runs and times of the continuous integration
  --rate <n>       requests a second (default 3)
  --passes <n>     customers with a phone (default 24, short 8)
  --seed <n>       the same load again
  --limit <s>      seconds that everything may take to end after a fault (default 420, short 150)
  --keep           leaves the folder with journal, logs and data

Runs:
${RUNS.map(({ name, title, short }) => `  ${name.padEnd(28)}${title}${short ? ' (short form)' : ''}`).join('\n')}`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    rate: { type: 'string' },
    passes: { type: 'string' },
    seed: { type: 'string' },
    limit: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function chosenRuns(): ChaosRun[] {
  const unknown = positionals.filter((name) => !RUNS.some((run) => run.name === name));
  if (unknown.length > 0) throw new Error(`There is no run ${unknown.join(', ')}.\n\n${HELP}`);
  if (positionals.length > 0) return RUNS.filter(({ name }) => positionals.includes(name));
  return RUNS.filter((run) => !values.short || run.short);
}

function numberOf(name: 'rate' | 'passes' | 'seed' | 'limit', otherwise: number): number {
  const given = values[name];
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (!(number > 0)) throw new Error(`--${name} must be a number above 0, not ${given}.`);
  return number;
}

const say = (line: string): void => console.log(line);

interface Drill {
  stack: Stack;
  journal: Journal;
  subjects: Subject[];
  customers: Customer[];
  random: () => number;
  nextNumber: () => number;
  /** What an earlier run was found guilty of: it stands in every later picture, too. */
  known: Set<string>;
}

/** Customers with passes, each issued by the API as any other, and on a phone. */
async function prepare(drill: Omit<Drill, 'customers' | 'subjects'>, count: number): Promise<Drill> {
  const { stack, journal, nextNumber } = drill;
  const { access, tenant, providers } = stack;
  const api = createApiCalls({
    baseUrl: access.publicUrl,
    tenantId: tenant.tenantId,
    apiKeys: tenant.apiKeys,
    signal: AbortSignal.timeout(120_000),
  });
  await registerMerchant(api, tenant.tenantId, providers.merchant);
  const account = { apiUrl: providers.klaviyo.url, apiKey: SIMULATED_KLAVIYO_KEY };
  await setUpKlaviyo(stack.database.url, tenant.tenantId, account);
  const subjects: Subject[] = [];
  const customers: Customer[] = [];
  for (let number = 1; number <= count; number++) {
    const subject = `customer-${number}@example.com`;
    const value = nextNumber();
    const fields = { points: String(value), offer: `Offer ${value}` };
    const { serialNumber } = await deliver(access, journal, issuePass(access, subject, fields));
    if (serialNumber === null) throw new Error(`no pass could be issued for ${subject}`);
    subjects.push({ subject, serialNumber });
    customers.push(
      await installPass(providers, tenant.certificates.authorityPem, access.publicUrl, { subject, serialNumber }),
    );
  }
  return { ...drill, subjects, customers };
}

/** Google's holders save the pass, so that changes of it would tell them. */
async function saveAtGoogle({ stack }: Drill): Promise<void> {
  const rows = await stack.query<{ object_id: string }>(
    `select object_id from google_objects where state = 'live' and tenant_id = $1`,
    [stack.tenant.tenantId],
  );
  for (const { object_id } of rows) await stack.providers.google.save(object_id);
}

async function perform(drill: Drill, run: ChaosRun, rate: number, limitMs: number): Promise<RunResult> {
  const { stack, journal, customers, subjects, random, nextNumber } = drill;
  const factor = values.short ? 0.4 : 1;
  const seconds = (full: number): Promise<void> => pause(full * 1_000 * factor);
  const from = journal.lines.length;
  const begunMs = Date.now();
  const load = startLoad({ access: stack.access, journal, subjects, rate, random, nextNumber });
  let harmedMs: number;
  let wellMs: number;
  try {
    await seconds(8);
    harmedMs = Date.now();
    await run.harm(stack, seconds);
    wellMs = Date.now();
    await seconds(8);
  } finally {
    await load.stop();
  }
  const { faults, picture } = await settle(stack, journal, customers, { limitMs, known: drill.known });
  for (const { what } of faults) drill.known.add(what);
  const phases = { begunMs, harmedMs, wellMs, settledMs: Date.now() };
  if (faults.length > 0) {
    writeFileSync(path.join(stack.folder, `${run.name}.picture.json`), JSON.stringify({ faults, picture }));
  }
  return measure(stack, run.name, journal.lines.slice(from), phases, faults);
}

const SHOWN = 10;

function explain(faults: readonly Fault[]): void {
  for (const { harm, rule, what } of faults.slice(0, SHOWN)) say(`    ${harm}: ${what} (rule: ${rule})`);
  if (faults.length > SHOWN) say(`    and ${faults.length - SHOWN} more`);
}

async function main(): Promise<number> {
  if (values.help) {
    say(HELP);
    return 0;
  }
  const runs = chosenRuns();
  const seed = numberOf('seed', Date.now() % 1_000_000);
  const random = createRandom(seed);
  const startedMs = Date.now();
  const results: RunResult[] = [];
  let running: Stack | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void (running?.stop() ?? Promise.resolve()).finally(() => process.exit(1)));
  }
  try {
    const stack = await startStack({ random, log: (line) => console.error(line), keep: values.keep });
    running = stack;
    let number = 0;
    const nextNumber = (): number => ++number;
    const journal = createJournal(path.join(stack.folder, 'journal.jsonl'));
    const limitMs = numberOf('limit', values.short ? 150 : 420) * 1_000;
    const drill = await prepare(
      { stack, journal, random, nextNumber, known: new Set() },
      numberOf('passes', values.short ? 8 : 24),
    );
    const { faults } = await settle(stack, journal, drill.customers, { limitMs, known: drill.known });
    if (faults.length > 0) {
      explain(faults);
      throw new Error('something is wrong before anything was harmed');
    }
    await saveAtGoogle(drill);
    say(`Ready after ${Math.round((Date.now() - startedMs) / 1000)} s; seed ${seed}.`);
    say(
      'ack to end in seconds, median/99th percentile/longest, of what was accepted before, during and after the fault',
    );
    say(headLine());
    for (const run of runs) {
      const result = await perform(drill, run, numberOf('rate', 3), limitMs);
      results.push(result);
      say(resultLine(result));
      explain(result.faults);
    }
  } finally {
    await running?.stop();
    const acks = results.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    say(`${acks} requests acknowledged in ${Math.round((Date.now() - startedMs) / 1000)} s`);
    // A run that was not reached did not pass.
    say(`${held(results)} passed, ${runs.length - held(results)} failed`);
  }
  return held(results) === runs.length ? 0 : 1;
}

const held = (results: readonly RunResult[]): number => results.filter(({ faults }) => faults.length === 0).length;

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
