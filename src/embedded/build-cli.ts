import path from 'node:path';
import { startProgress, type Log } from './progress.js';
import { findOnPath, runCommand, type Environment } from './run-command.js';
import { BUILT_CLI_VERSION } from './temporal-version.js';

const MODULE = `github.com/temporalio/cli/cmd/temporal@v${BUILT_CLI_VERSION}`;
const GO_MINOR = 25;
const BUILD_MS = 30 * 60_000;

async function findGo(env: Environment): Promise<{ go: string } | { reason: string }> {
  const go = findOnPath('go', env);
  if (!go) return { reason: `no go on PATH, needs Go 1.${GO_MINOR} or newer` };
  const { output } = await runCommand(go, ['version'], { env, timeoutMs: 30_000 });
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(output) ?? [];
  if (Number(major) === 1 && Number(minor) >= GO_MINOR) return { go };
  return { reason: `found Go ${major ?? '?'}.${minor ?? '?'}, needs Go 1.${GO_MINOR} or newer` };
}

/**
 * Builds the Temporal CLI from its Go modules into `folder`: minutes, where nothing else works.
 * @returns the program, or the reason why there is none.
 */
export async function buildCli(
  folder: string,
  env: Environment,
  log: Log,
): Promise<{ file: string } | { reason: string }> {
  const found = await findGo(env);
  if ('reason' in found) return found;
  const progress = startProgress({
    label: `Building the Temporal CLI ${BUILT_CLI_VERSION} with Go, once, about five minutes on two cores`,
    log,
  });
  let fetched = 0;
  let compiled = 0;
  const result = await runCommand(found.go, ['install', '-v', MODULE], {
    env: { ...env, GOBIN: folder, GOFLAGS: '' },
    timeoutMs: BUILD_MS,
    onLine: (line) => {
      if (line.startsWith('go: downloading ')) fetched++;
      else compiled++;
      progress.note(compiled === 0 ? `${fetched} modules downloaded` : `${compiled} packages compiled`);
    },
  });
  progress.end(result.ok ? 'Built the Temporal CLI' : undefined);
  if (!result.ok) return { reason: result.reason };
  return { file: path.join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal') };
}
