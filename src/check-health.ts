import { readFileSync } from 'node:fs';
import { parseHealthPorts } from './config.js';

/**
 * The health check of the image: `node dist/src/check-health.js [api|worker|codec-server]`. Ends with 0 where the process
 * of this container can work. Without a name it is the container's own process.
 */
const CHECKS = {
  api: { setting: 'PORT', path: '/readyz' },
  worker: { setting: 'METRICS_PORT', path: '/livez' },
  'codec-server': { setting: 'CODEC_SERVER_PORT', path: '/livez' },
} as const;
type Name = keyof typeof CHECKS;

const TIMEOUT_MS = 4_000;

function ownProcess(): Name {
  const command = readFileSync('/proc/1/cmdline', 'utf8');
  return (Object.keys(CHECKS) as Name[]).find((name) => command.includes(`start-${name}.js`)) ?? 'api';
}

async function check(): Promise<string | undefined> {
  const name = process.argv[2] ?? ownProcess();
  if (!Object.hasOwn(CHECKS, name)) return `"${name}" is no process: ${Object.keys(CHECKS).join(', ')}`;
  const { setting, path } = CHECKS[name as Name];
  const port = parseHealthPorts()[setting];
  if (port === null) return `${setting} is not set: the ${name} cannot be asked`;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  return response.ok ? undefined : `${path} answers ${response.status}: ${(await response.text()).slice(0, 500)}`;
}

check().then(
  (problem) => {
    if (problem !== undefined) process.stderr.write(`${problem}\n`);
    process.exit(problem === undefined ? 0 : 1);
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
