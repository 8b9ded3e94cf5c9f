import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../src/embedded/postgres.js';
import { findTemporalCli } from '../src/embedded/temporal-cli.js';
import { startTemporal } from '../src/embedded/temporal.js';
import { findTimeSkippingServer } from '../src/embedded/test-server.js';
import { SEARCH_ATTRIBUTES } from '../src/workflows/search-attributes.js';
import { findChromium } from './support/chromium.js';

/**
 * `npm test [-- part of a path …]`: starts a real PostgreSQL and a real Temporal once for all test files, finds the
 * time-skipping server, and runs each file in a process of its own. Servers named in TEST_DATABASE_URL and
 * TEST_TEMPORAL_ADDRESS are used as they are.
 */
const root = fileURLToPath(new URL('../', import.meta.url));
const wanted = process.argv.slice(2);
/** How many files the end names as the slowest: where minutes of the whole run can be won. */
const SLOWEST = 8;
/** Files at once: many wait for outages and time limits, so there is room for one more than there are cores. */
const CONCURRENCY = Math.min(4, Math.max(2, availableParallelism() + 1));
/** The data goes with the run: nothing is gained by waiting for the disk. */
const THROWN_AWAY = { max_connections: '200', fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
/** They begin first, so that no place waits for one of them at the end. */
const LONGEST = [
  'demo/one-command-shows-the-way',
  'api/nobody-blocks-the-others',
  'durability/',
  'pages/no-barriers',
  'workflows/endings',
  'workflows/burst-write-back',
  'trust/forgetting',
  'cli/production',
  'workflows/campaigns',
];
/** So many failed files are tried again alone, as on a busy machine time limits pass. More failures are no accident. */
const SECOND_TRIES = 2;
/** Then a file hangs; a drill says itself how long it may take. */
const MOST_MS = process.env['DRILL_ROWS'] ? Infinity : 300_000;
const say = (line: string): void => console.log(line);

function testFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return testFiles(path);
    return name.endsWith('.test.ts') ? [path] : [];
  });
}

/** The place of a file in that order; all others are equal. */
function rank(file: string): number {
  const found = LONGEST.findIndex((part) => relative(root, file).includes(part));
  return found === -1 ? LONGEST.length : found;
}

const files = testFiles(join(root, 'test'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)))
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
const gone =
  wanted.length > 0 ? [] : LONGEST.filter((part) => !files.some((file) => relative(root, file).includes(part)));
if (gone.length > 0) throw new Error(`test/run.ts names files that are gone: ${gone.join(', ')}`);
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(', ')}.`);
  process.exit(2);
}

/** The last tests: what this run has asked of the database reads not all of a tenant at a million rows, and returns what it should. */
async function judgeStatements(folder: string): Promise<void> {
  if (readdirSync(folder).length === 0) return;
  // What this process asks itself is not judged.
  delete process.env['STATEMENTS_FOLDER'];
  const { explainStatements } = await import('./explain-statements.js');
  const { explained, whole } = await explainStatements(folder);
  if (whole.length === 0) passed++;
  else failed++;
  say(`${whole.length === 0 ? '✔' : '✖'} none of ${explained} statements reads all rows of a tenant`);
  for (const { text, readings } of whole) say(`\n${readings.join('\n')}\n${text.trim()}`);
  const { rowsFitStatements } = await import('./rows-fit-statements.js');
  const { judged, unkept } = rowsFitStatements(folder);
  if (unkept.length === 0) passed++;
  else failed++;
  say(`${unkept.length === 0 ? '✔' : '✖'} the rows of ${judged} statements have the columns that their types name`);
  for (const { place, missing } of unkept) say(`  ${place}: nothing returns ${missing.join(', ')}`);
}

interface Count {
  passed: number;
  failed: number;
}

/** Runs the files, shows what they say, and returns what passed and failed in each. */
async function runFiles(some: string[], concurrency: number, spent: Map<string, number>): Promise<Map<string, Count>> {
  const counts = new Map<string, Count>(some.map((file) => [file, { passed: 0, failed: 0 }]));
  const none = { passed: 0, failed: 0 };
  const stream = run({ files: some, concurrency, timeout: MOST_MS });
  const countOf = (file: string): Count => counts.get(file) ?? none;
  stream.on('test:fail', (data) => {
    // A suite fails with its tests: only leaves count, and a file whose process died.
    const suite = (data.details as { type?: string }).type === 'suite';
    if (!suite && data.todo === undefined) countOf(data.file ?? data.name).failed++;
  });
  stream.on('test:pass', (data) => {
    const suite = (data.details as { type?: string }).type === 'suite';
    const { nesting, file = '' } = data;
    if (!suite && data.skip === undefined) countOf(file).passed++;
    if (nesting === 0) spent.set(file, (spent.get(file) ?? 0) + data.details.duration_ms);
  });
  const report = stream.compose(new spec());
  report.pipe(process.stdout);
  await new Promise((resolve) => report.on('end', resolve));
  // A result without a known file is a failure of its own: nothing is dropped.
  return counts.set('', none);
}

const stops: (() => Promise<void>)[] = [];
let failed = 0;
let passed = 0;
try {
  const started = Date.now();
  const needsBrowser = files.some((file) => readFileSync(file, 'utf8').includes('launchBrowser'));
  // Before the servers, and all at once: what is missing is one line now, and not a failure of each test that needs it.
  const [cli, timeSkipping] = await Promise.all([
    process.env['TEST_TEMPORAL_ADDRESS'] ? undefined : findTemporalCli({ log: say }),
    process.env['TEST_TIME_SKIPPING_SERVER'] ?? findTimeSkippingServer({ log: say }),
    needsBrowser ? findChromium({ log: say }) : undefined,
  ]);
  process.env['TEST_TIME_SKIPPING_SERVER'] = timeSkipping;
  if (!process.env['TEST_DATABASE_URL']) {
    const dataDir = mkdtempSync(join(tmpdir(), 'passrelay-tests-'));
    // Run as root, PostgreSQL has another account: its data would lie elsewhere, and stay there, if it could not get in.
    chmodSync(dataDir, 0o711);
    const postgres = await startPostgres({ dataDir, log: say, settings: THROWN_AWAY });
    stops.push(async () => {
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    process.env['TEST_DATABASE_URL'] = postgres.url;
  }
  if (cli) {
    const temporal = await startTemporal({
      cliPath: cli.path,
      headless: true,
      searchAttributes: SEARCH_ATTRIBUTES,
      log: say,
    });
    stops.push(() => temporal.stop());
    process.env['TEST_TEMPORAL_ADDRESS'] = temporal.address;
  }
  say(`PostgreSQL, Temporal and the time-skipping server are ready (${Math.round((Date.now() - started) / 1000)} s).`);
  if (!existsSync(timeSkipping ?? '')) throw new Error('the time-skipping server vanished');

  const statements = mkdtempSync(join(tmpdir(), 'passrelay-statements-'));
  stops.push(async () => rmSync(statements, { recursive: true, force: true }));
  process.env['STATEMENTS_FOLDER'] = statements;

  const spent = new Map<string, number>();
  let counts = await runFiles(files, CONCURRENCY, spent);
  const faulty = [...counts].filter(([, count]) => count.failed > 0).map(([file]) => file);
  if (faulty.length > 0 && faulty.length <= SECOND_TRIES) {
    say(
      `\nFailed beside others, tried again alone:\n${faulty.map((file) => `  ${relative(root, file)}`).join('\n')}\n`,
    );
    const alone = await runFiles(faulty, 1, spent);
    counts = new Map([...counts, ...alone]);
    const flaky = faulty.filter((file) => alone.get(file)?.failed === 0);
    for (const file of flaky) say(`FLAKY ${relative(root, file)}: it failed above and passed alone. Find the race.`);
  }
  for (const count of counts.values()) [passed, failed] = [passed + count.passed, failed + count.failed];
  await judgeStatements(statements);
  if (files.length > SLOWEST) {
    const slowest = [...spent].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
    say(`\nThe slowest files, in seconds:`);
    for (const [file, ms] of slowest) say(`${(ms / 1000).toFixed(1).padStart(6)} ${relative(root, file)}`);
  }
  if (process.env['RECORD_HISTORIES']) {
    const { recordHistories } = await import('./replay/record.js');
    say(`${await recordHistories(process.env['TEST_TEMPORAL_ADDRESS']!)} histories kept.`);
  }
} catch (error) {
  console.error(`\nThe tests could not start: ${(error as Error).message}`);
  failed++;
} finally {
  for (const stop of stops.reverse()) await stop().catch((error: Error) => console.error(error.message));
}
say(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
