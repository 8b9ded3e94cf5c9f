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
import { createJournal } from './journal.js';
import type { Fault } from './judge.js';
import { createRandom, startLoad, type Subject } from './load.js';
import type { Party, Side } from './party.js';
import { headLine, measure, resultLine, type RunResult } from './report.js';
import { deliver, issuePass } from './requests.js';
import { settle } from './settle.js';
import { startStack, type Stack } from './stack.js';

const HELP = `npm run drill:chaos -- [options] [run …]

Real processes under load, harmed on purpose; then a judge compares a journal kept outside with everything.
Exits with 1 where anything was lost, doubled, inverted or left unfinished.

  --short          the runs and times of the continuous integration
  --rate <n>       requests a second (default 3)
  --passes <n>     customers with a phone (default 24, short 8); the second tenant has half as many
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
  sides: Side[];
  random: () => number;
  nextNumber: () => number;
  /** What an earlier run was found guilty of: it stands in every later picture, too. */
  known: Set<string>;
}

/** Customers of one tenant with passes, each issued by the API as any other, and on a phone. */
async function prepare(stack: Stack, party: Party, count: number, nextNumber: () => number): Promise<Side> {
  const { access, tenant, merchant, hasKlaviyo } = party;
  const { providers, publicUrl } = stack;
  const journal = createJournal(path.join(stack.folder, `journal-${tenant.tenantId}.jsonl`));
  const { tenantId, apiKeys } = tenant;
  const api = createApiCalls({ baseUrl: publicUrl, tenantId, apiKeys, signal: AbortSignal.timeout(120_000) });
  await registerMerchant(api, tenantId, merchant);
  if (hasKlaviyo) {
    await setUpKlaviyo(stack.database.url, tenantId, { apiUrl: providers.klaviyo.url, apiKey: SIMULATED_KLAVIYO_KEY });
  }
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
      await installPass(providers, tenant.certificates.authorityPem, publicUrl, { subject, serialNumber }),
    );
  }
  return { party, journal, subjects, customers };
}

/** Google's holders save the pass, so that changes of it would tell them. */
async function saveAtGoogle({ query, providers }: Stack): Promise<void> {
  const rows = await query<{ object_id: string }>(`select object_id from google_objects where state = 'live'`);
  for (const { object_id } of rows) await providers.google.save(object_id);
}

/** The share of all actions that the first tenant has; the other one has the rest. */
const FIRST_SHARE = 0.7;

async function perform(drill: Drill, run: ChaosRun, rate: number, limitMs: number): Promise<RunResult> {
  const { stack, sides, random, nextNumber } = drill;
  const factor = values.short ? 0.4 : 1;
  const seconds = (full: number): Promise<void> => pause(full * 1_000 * factor);
  const from = sides.map(({ journal }) => journal.lines.length);
  const begunMs = Date.now();
  const loads = sides.map(({ party, journal, subjects }, number) => {
    const share = number === 0 ? FIRST_SHARE : 1 - FIRST_SHARE;
    const common = { journal, subjects, random, nextNumber, rate: rate * share };
    return startLoad({ ...common, access: party.access, syncs: !party.hasKlaviyo });
  });
  let harmedMs: number;
  let wellMs: number;
  try {
    await seconds(8);
    harmedMs = Date.now();
    await run.harm(stack, seconds);
    wellMs = Date.now();
    await seconds(8);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  const { faults, pictures } = await settle(stack, sides, {
    limitMs: Math.max(limitMs, (run.settles ?? 0) * 1_000),
    known: drill.known,
  });
  for (const { what } of faults) drill.known.add(what);
  const phases = { begunMs, harmedMs, wellMs, settledMs: Date.now() };
  if (faults.length > 0) {
    writeFileSync(path.join(stack.folder, `${run.name}.picture.json`), JSON.stringify({ faults, pictures }));
  }
  const lines = sides.flatMap(({ journal }, number) => journal.lines.slice(from[number]));
  return measure(stack, run.name, lines, phases, faults);
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
    const limitMs = numberOf('limit', values.short ? 150 : 420) * 1_000;
    const passes = numberOf('passes', values.short ? 8 : 24);
    const sides: Side[] = [];
    for (const [number, party] of stack.parties.entries()) {
      sides.push(await prepare(stack, party, number === 0 ? passes : Math.ceil(passes / 2), nextNumber));
    }
    const drill: Drill = { stack, sides, random, nextNumber, known: new Set() };
    const { faults } = await settle(stack, sides, { limitMs, known: drill.known });
    if (faults.length > 0) {
      explain(faults);
      throw new Error('something is wrong before anything was harmed');
    }
    await saveAtGoogle(stack);
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
