import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findOnPath } from '../src/embedded/run-command.js';
import { findGoProgram, MissingProgram } from './go-program.js';

/**
 * `npm run alerts`: Prometheus' own judge on the alerts and their cases. Ends with 3 where it cannot be had.
 */
const PROMTOOL = {
  name: 'promtool',
  module: 'github.com/prometheus/prometheus/cmd/promtool',
  version: 'v0.305.0',
  minutes: 5,
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(): Promise<number> {
  const promtool = findOnPath('promtool', process.env) ?? (await findGoProgram(PROMTOOL, say));
  const cwd = fileURLToPath(new URL('../deploy/prometheus', import.meta.url));
  for (const args of [
    ['check', 'rules', 'alerts.yaml'],
    ['test', 'rules', 'alerts.test.yaml'],
    ['check', 'config', '--syntax-only', 'prometheus.yaml'],
  ]) {
    const judged = spawnSync(promtool, args, { cwd, stdio: 'inherit' });
    if (judged.status !== 0) return 1;
  }
  return 0;
}

process.exitCode = await run().catch((error: unknown) => {
  if (!(error instanceof MissingProgram)) throw error;
  process.stderr.write(`alerts: nothing was checked, promtool cannot be had: ${error.message}\n`);
  return 3;
});
