import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { runCommand, type Environment } from './run-command.js';

const STALL_MS = 60_000;
/** Where packets to the outside are dropped, this is all that a first start waits. */
const CONNECT_MS = 15_000;
const LIMIT_MS = 15 * 60_000;

// The SDK downloads only as part of a start. A process of its own keeps our Temporal runtime unused, and can be ended.
const SCRIPT = `
const [, testing, kind, executable] = process.argv;
const { TestWorkflowEnvironment } = require(testing);
const server = { executable: JSON.parse(executable) };
const start = kind === 'cli' ? TestWorkflowEnvironment.createLocal : TestWorkflowEnvironment.createTimeSkipping;
start.call(TestWorkflowEnvironment, { server })
  .then((environment) => environment.teardown())
  .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });`;

const sizeOf = (folder: string) =>
  fs.readdirSync(folder).reduce((sum, name) => {
    return sum + (fs.statSync(path.join(folder, name), { throwIfNoEntry: false })?.size ?? 0);
  }, 0);

export interface SdkDownload {
  kind: 'cli' | 'test-server';
  /** A version of the server, or `default` for the one that goes with the SDK. */
  version: string;
  /** An empty folder to download to. */
  folder: string;
  env: Environment;
  onBytes: (bytes: number) => void;
}

/**
 * Lets the Temporal SDK download a server program; ended when no byte comes.
 * @returns the file, or the reason why there is none.
 */
export async function downloadBySdk(download: SdkDownload): Promise<{ file: string } | { reason: string }> {
  const { kind, version, folder, env, onBytes } = download;
  fs.mkdirSync(folder, { recursive: true });
  const testing = createRequire(import.meta.url).resolve('@temporalio/testing');
  const executable = JSON.stringify({ type: 'cached-download', downloadDir: folder, version, ttl: '1d' });
  let bytes = 0;
  let lastGrowth = Date.now();
  const watch = () => {
    const size = sizeOf(folder);
    if (size > bytes) lastGrowth = Date.now();
    bytes = size;
    if (bytes > 0) onBytes(bytes);
    if (Date.now() - lastGrowth <= (bytes === 0 ? CONNECT_MS : STALL_MS)) return undefined;
    return bytes === 0 ? 'no connection within 15 s' : 'no byte came for 60 s';
  };
  const args = ['-e', SCRIPT, testing, kind, executable];
  const result = await runCommand(process.execPath, args, { env, timeoutMs: LIMIT_MS, watch });
  const name = fs.readdirSync(folder).find((each) => !each.includes('.downloading'));
  // The SDK's line repeats itself; only its end names the cause.
  return name
    ? { file: path.join(folder, name) }
    : { reason: /client error.*/.exec(result.reason)?.[0] ?? result.reason };
}
