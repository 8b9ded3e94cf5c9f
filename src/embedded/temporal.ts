import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { claim } from './folder-lock.js';
import { isPortFree, samePort } from './free-port.js';
import { startGuarded, type GuardedProcess } from './guarded-process.js';
import { commandLine, endProcess, isAlive } from './processes.js';
import type { Log } from './progress.js';

export interface TemporalOptions {
  /** The `temporal` program, as `findTemporalCli` gives it. */
  cliPath: string;
  /** File that keeps the server's state; without one it is lost when the server stops. */
  dbFilename?: string;
  /** A port that must be used; without one the port of the last run, or a free one. */
  port?: number;
  /** The same for the Web UI. */
  uiPort?: number;
  /** True to leave the Web UI out. */
  headless?: boolean;
  /** `default` when not given; created when it does not exist. */
  namespace?: string;
  /** Search attributes that it shall know, with their types as the command line writes them; none when not given. */
  searchAttributes?: Readonly<Record<string, string>>;
  log: Log;
}

export interface RunningTemporal {
  /** host:port of the frontend. */
  address: string;
  /** Web UI, or undefined when headless. */
  uiUrl: string | undefined;
  namespace: string;
  stop(): Promise<void>;
}

// The server's own limits are meant for shared clusters, and eager activities are off unless asked for.
const DYNAMIC_CONFIG: Record<string, number | boolean> = {
  'system.enableActivityEagerExecution': true,
  'system.enableEagerWorkflowStart': true,
  'frontend.rps': 100_000,
  'frontend.namespaceRPS': 100_000,
  'frontend.namespaceCount': 100_000,
  'frontend.namespaceRPS.visibility': 1_000,
  'history.rps': 100_000,
  'matching.rps': 100_000,
  'frontend.persistenceMaxQPS': 100_000,
  'history.persistenceMaxQPS': 100_000,
  'matching.persistenceMaxQPS': 100_000,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  'matching.useNewMatcher': true,
  'matching.enableFairness': true,
};

const HOST = '127.0.0.1';
const START_MS = 60_000;
const STOP: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 10_000],
  ['SIGKILL', 5_000],
];

interface LastRun {
  pid: number;
  port: number;
  uiPort: number;
}

function readLastRun(file: string): Partial<LastRun> {
  try {
    const value = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<LastRun> | null;
    return value ?? {};
  } catch {
    return {};
  }
}

async function clearLastRun(pid: number | undefined, dbFilename: string, log: Log): Promise<void> {
  if (pid === undefined || !isAlive(pid)) return;
  // The number may belong to another program by now: only one that names our file is ours.
  if (!commandLine(pid)?.includes(dbFilename)) return;
  log(`Temporal of the last run is still there (process ${pid}): stopping it.`);
  if (!(await endProcess(pid, STOP))) throw new Error(`Process ${pid} on ${dbFilename} does not end: kill -9 ${pid}.`);
}

async function answers(address: string, namespace: string, wanted: readonly string[]): Promise<boolean> {
  const connection = Connection.lazy({ address });
  try {
    await connection.withDeadline(Date.now() + 2_000, async () => {
      await connection.workflowService.describeNamespace({ namespace });
      const known = await connection.operatorService.listSearchAttributes({ namespace });
      const missing = wanted.filter((name) => !(name in (known.customAttributes ?? {})));
      if (missing.length > 0) throw new Error(`search attributes missing: ${missing.join(', ')}`);
    });
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}

async function untilReady(
  server: GuardedProcess,
  address: string,
  namespace: string,
  searchAttributes: readonly string[],
): Promise<boolean> {
  const deadline = Date.now() + START_MS;
  while (!server.hasExited() && Date.now() < deadline) {
    if (await answers(address, namespace, searchAttributes)) return true;
    await wait(100);
  }
  return false;
}

function failure(dbFilename: string | undefined, logFile: string, output: string): Error {
  const reason =
    /msg="((?:[^"\\]|\\.)*)"/.exec(output)?.[1]?.replaceAll('\\"', '"') ?? output.trim().split('\n').at(-1);
  const text = `Temporal did not start: ${reason || `no answer within ${START_MS / 1000} s`}. The whole log: ${logFile}.`;
  if (!dbFilename || !/not a database|malformed|SQL|schema|database/i.test(output)) return new Error(text);
  return new Error(
    `${text} Its state in ${dbFilename} is damaged or of another version. Accepted operations are in PostgreSQL and ` +
      `are started again, so it can be moved away: mv ${dbFilename} ${dbFilename}.old (nothing has been deleted).`,
  );
}

async function choosePort(what: string, asked: number | undefined, last: number | undefined): Promise<number> {
  if (asked === undefined) return samePort(last);
  if (await isPortFree(asked)) return asked;
  throw new Error(`Port ${asked}, asked for ${what}, is taken: free it or ask for another port.`);
}

function argumentsFor(options: TemporalOptions, port: number, uiPort: number, namespace: string): string[] {
  const args = ['server', 'start-dev', '--ip', HOST, '--port', String(port), '--log-level', 'warn'];
  args.push(...(options.headless ? ['--headless'] : ['--ui-port', String(uiPort)]));
  if (namespace !== 'default') args.push('--namespace', namespace);
  if (options.dbFilename) {
    args.push('--db-filename', path.resolve(options.dbFilename));
    // A write-ahead log needs one flush a commit where the default needs several; full keeps commits over a power cut.
    for (const pragma of ['journal_mode=wal', 'synchronous=full']) args.push('--sqlite-pragma', pragma);
  }
  for (const [name, type] of Object.entries(options.searchAttributes ?? {}))
    args.push('--search-attribute', `${name}=${type}`);
  for (const [key, value] of Object.entries(DYNAMIC_CONFIG)) args.push('--dynamic-config-value', `${key}=${value}`);
  return args;
}

/**
 * Starts Temporal's development server (one process, state in SQLite) and waits until it answers for the namespace
 * and knows the search attributes. Heals what a killed run left behind. It ends with this process.
 *
 * @throws Error with the cure: state in use by a living process, port asked for is taken, state damaged.
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const { cliPath, log, headless = false, namespace = 'default' } = options;
  const dbFilename = options.dbFilename ? path.resolve(options.dbFilename) : undefined;
  const folder = dbFilename ? path.dirname(dbFilename) : fs.mkdtempSync(path.join(tmpdir(), 'temporal-'));
  const base = dbFilename ?? path.join(folder, 'temporal');
  const cure = 'Stop it first, or choose another data folder.';
  const release = claim(`${base}.owner.json`, `Temporal's state in ${base}`, cure);
  const runFile = `${base}.server.json`;
  const logFile = `${base}.log`;
  try {
    const last = readLastRun(runFile);
    if (dbFilename) await clearLastRun(last.pid, dbFilename, log);
    for (let attempt = 1; ; attempt++) {
      const port = await choosePort('Temporal', options.port, last.port);
      const uiPort = headless ? 0 : await choosePort("Temporal's Web UI", options.uiPort, last.uiPort);
      const from = fs.statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
      const output = fs.openSync(logFile, 'a', 0o600);
      const server = await startGuarded({
        command: cliPath,
        args: argumentsFor(options, port, uiPort, namespace),
        cwd: folder,
        // A TEMPORAL_ADDRESS or profile of the user is meant for clients and must not steer this server.
        env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'))),
        output,
        stopSignal: 'SIGINT',
      }).finally(() => fs.closeSync(output));
      fs.writeFileSync(runFile, JSON.stringify({ pid: server.pid, port, uiPort } satisfies LastRun), { mode: 0o600 });
      const address = `${HOST}:${port}`;
      if (await untilReady(server, address, namespace, Object.keys(options.searchAttributes ?? {}))) {
        const stop = async () => {
          await server.stop(10_000);
          release();
          if (!dbFilename) fs.rmSync(folder, { recursive: true, force: true });
        };
        return { address, uiUrl: headless ? undefined : `http://${HOST}:${uiPort}`, namespace, stop };
      }
      const alone = !server.hasExited();
      await server.stop(5_000);
      const text = fs.readFileSync(logFile).subarray(from).toString();
      // Another program was quicker to take a port than the server was.
      if (alone || !/address already in use/.test(text) || attempt === 5) throw failure(dbFilename, logFile, text);
    }
  } catch (error) {
    release();
    throw error;
  }
}
