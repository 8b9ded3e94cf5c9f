import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findOnPath, runCommand } from '../src/embedded/run-command.js';
import { findGoProgram, MissingProgram } from './go-program.js';

/**
 * `npm run chart`: lints the Helm chart, renders it with each of its examples, and compares what comes out with
 * Kubernetes' own schemas. Ends with 3 where its tools cannot be had.
 */
const HELM = { name: 'helm', module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.19.4', minutes: 3 };
const KUBERNETES_VALIDATE = '1.37.0';
const KUBERNETES = '1.31.0';

const root = fileURLToPath(new URL('../', import.meta.url));
const chart = path.join(root, 'deploy/helm/passrelay');
const examples = path.join(root, 'deploy/helm/examples');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function stop(status: number, text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(status);
}

async function run(command: string, args: readonly string[], timeoutMs = 60_000, env: NodeJS.ProcessEnv = process.env) {
  return runCommand(command, args, { env, cwd: root, timeoutMs });
}

async function findHelm(): Promise<string> {
  const onPath = findOnPath('helm', process.env);
  if (onPath) return onPath;
  return findGoProgram(HELM, say).catch((error: unknown) => {
    if (!(error instanceof MissingProgram)) throw error;
    return stop(
      3,
      `chart: nothing was checked, helm cannot be had (https://helm.sh/docs/intro/install): ${error.message}`,
    );
  });
}

/** Kubernetes' schemas, in an environment of their own; undefined without Python. */
async function findValidator(): Promise<string | undefined> {
  const venv = path.join(root, '.data', 'chart');
  const program = path.join(venv, 'bin', 'kubernetes-validate');
  if (existsSync(program)) return program;
  const python = findOnPath('python3', process.env);
  if (!python || !(await run(python, ['-c', 'import ensurepip'])).ok) return undefined;
  mkdirSync(path.dirname(venv), { recursive: true });
  const made = await run(python, ['-m', 'venv', venv], 120_000);
  const pip = path.join(venv, 'bin', 'pip');
  const wanted = `kubernetes-validate==${KUBERNETES_VALIDATE}`;
  const installed = made.ok ? await run(pip, ['install', '-q', '--disable-pip-version-check', wanted], 300_000) : made;
  return installed.ok ? program : stop(3, `chart: ${wanted} could not be installed: ${installed.reason}`);
}

const helm = await findHelm();
const validator = await findValidator();
if (!validator) say('Python 3 with venv is missing: what is rendered is not compared with the schemas of Kubernetes.');
const rendered = path.join(root, '.data', 'chart-rendered');
mkdirSync(rendered, { recursive: true });
for (const example of readdirSync(examples)) {
  const values = ['--values', path.join(examples, example), '--kube-version', KUBERNETES];
  for (const args of [
    ['lint', '--strict', chart, ...values],
    ['template', 'passrelay', chart, ...values],
  ]) {
    const result = await run(helm, args);
    if (!result.ok) stop(1, `chart: helm ${args[0]} with ${example}:\n${result.output}`);
    if (args[0] === 'template') writeFileSync(path.join(rendered, example), result.output);
  }
  if (!validator) continue;
  const judged = await run(validator, ['--strict', path.join(rendered, example)], 120_000);
  if (!judged.ok) stop(1, `chart: ${example} is not what Kubernetes takes:\n${judged.output}`);
  say(`${example}: ${judged.output.match(/ passed for resource /g)?.length ?? 0} resources are valid`);
}
const bare = await run(helm, ['template', 'passrelay', chart, '--kube-version', KUBERNETES]);
if (bare.ok || !bare.output.includes('is required'))
  stop(1, 'chart: without an address it should say what is required.');
say('The chart is sound.');
