import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../../src/embedded/run-command.js';
import { createPostgresServer } from './postgres-server.js';
import { answers, createLauncher, type Started } from './processes.js';
import type { Programs } from './programs.js';
import { proxyConfiguration } from './proxy.js';
import { CODEC_KEY, PASSWORDS, PORTS, PUBLIC_URL, SECRETS_KEY } from './settings.js';
import { createTemporalServer } from './temporal-server.js';

export interface TopologyOptions {
  programs: Programs;
  folder: string;
  repository: string;
  /** Certificates of the drill's authority. */
  tls: { authorityFile: string; certificateFile: string; keyFile: string };
  merchantPort: number;
  /** Where the product finds each simulated provider. */
  providers: Record<string, string>;
}

/** The production topology: PostgreSQL, Temporal, two APIs behind a TLS proxy, workers of one build, codec server, Prometheus. */
export function createTopology({ programs, folder, repository, tls, merchantPort, providers }: TopologyOptions) {
  const launcher = createLauncher(folder);
  const postgres = createPostgresServer(programs.postgres, folder, repository, launcher);
  const temporal = createTemporalServer(programs, folder, repository, launcher);
  const apis = new Map<number, Started>();
  const workers = new Map<string, Started>();

  const databaseUrl = `postgres://passrelay:${PASSWORDS.passrelay}@127.0.0.1:${PORTS.postgres}/passrelay`;
  const productEnv = {
    NODE_ENV: 'production',
    PASSRELAY_ENV: 'production',
    NODE_EXTRA_CA_CERTS: tls.authorityFile,
    DATABASE_URL: databaseUrl,
    SECRETS_KEY,
    PUBLIC_URL,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_UI_URL: 'https://temporal.example.com',
    TRUSTED_PROXIES: '127.0.0.1/32',
    APNS_CA_FILE: tls.authorityFile,
    LOG_LEVEL: 'info',
    ...providers,
  };
  const startProduct = (name: string, entry: string, env: Record<string, string>): Promise<Started> =>
    launcher.start({
      name,
      command: process.execPath,
      args: [path.join(repository, 'dist/src', entry)],
      env: { ...productEnv, ...env },
    });

  async function startApi(index: number): Promise<void> {
    const port = PORTS.apis[index]!;
    const name = `api-${index + 1}`;
    const env = { PORT: String(port), METRICS_PORT: String(PORTS.apiMetrics[index]) };
    apis.set(index, await startProduct(name, 'start-api.js', env));
    await launcher.untilReady(name, () => answers(`http://127.0.0.1:${port}/readyz`));
  }
  async function stopApi(index: number): Promise<void> {
    await apis.get(index)?.stop();
    apis.delete(index);
  }

  /** `slot` chooses the port of the metrics: two builds run side by side. */
  async function startWorker(slot: number, buildId: string): Promise<void> {
    const name = `worker-${slot + 1}`;
    const port = String(PORTS.workerMetrics[slot]);
    workers.set(name, await startProduct(name, 'start-worker.js', { METRICS_PORT: port, WORKER_BUILD_ID: buildId }));
    await launcher.untilReady(name, () => answers(`http://127.0.0.1:${port}/livez`));
  }
  async function stopWorker(slot: number): Promise<void> {
    const name = `worker-${slot + 1}`;
    await workers.get(name)?.stop();
    workers.delete(name);
  }

  async function startProxy(): Promise<void> {
    const file = path.join(folder, 'Caddyfile');
    const guide = readFileSync(path.join(repository, 'docs/deployment.md'), 'utf8');
    writeFileSync(file, proxyConfiguration({ guide, tls, merchantPort }));
    await launcher.start({
      name: 'caddy',
      command: programs.caddy,
      args: ['run', '--config', file, '--adapter', 'caddyfile'],
      env: { HOME: folder },
    });
  }

  async function startPrometheus(): Promise<void> {
    if (programs.prometheus === null) return;
    const file = path.join(folder, 'prometheus.json');
    const targets = (ports: readonly number[]) => [{ targets: ports.map((port) => `127.0.0.1:${port}`) }];
    const configuration = {
      global: { scrape_interval: '2s', evaluation_interval: '2s' },
      rule_files: [path.join(repository, 'deploy/prometheus/alerts.yaml')],
      scrape_configs: [
        { job_name: 'passrelay-api', static_configs: targets(PORTS.apiMetrics) },
        { job_name: 'passrelay-worker', static_configs: targets(PORTS.workerMetrics) },
      ],
    };
    // JSON is YAML, too.
    writeFileSync(file, JSON.stringify(configuration, null, 2));
    const address = `127.0.0.1:${PORTS.prometheus}`;
    const data = `--storage.tsdb.path=${path.join(folder, 'prometheus')}`;
    await launcher.start({
      name: 'prometheus',
      command: programs.prometheus,
      args: [`--config.file=${file}`, data, `--web.listen-address=${address}`],
    });
    await launcher.untilReady('prometheus', () => answers(`http://${address}/-/ready`));
  }

  /** A command of the product's own command line from `dist`, under production settings. */
  async function passrelay(args: string[], env: Record<string, string> = {}): Promise<string> {
    const command = [path.join(repository, 'bin/passrelay.js'), ...args];
    const { PATH, HOME } = process.env;
    const result = await runCommand(process.execPath, command, {
      env: { PATH, HOME, ...productEnv, ...env },
      cwd: folder,
      timeoutMs: 120_000,
    });
    if (!result.ok) throw new Error(`passrelay ${args.join(' ')}: ${result.output.slice(-1_500)}`);
    return result.output;
  }

  return {
    databaseUrl,
    postgres,
    temporal,
    passrelay,
    startApi,
    stopApi,
    startWorker,
    stopWorker,
    startProxy,
    startPrometheus,
    async migrate(): Promise<void> {
      const migration = await startProduct('migrations', 'migrate.js', {});
      if ((await migration.ended) !== 0) throw new Error(`migrations failed; see ${folder}/migrations.log`);
    },
    async startCodecServer(): Promise<void> {
      await startProduct('codec-server', 'start-codec-server.js', {
        CODEC_SERVER_KEY: CODEC_KEY,
        CODEC_SERVER_PORT: String(PORTS.codec),
      });
      await launcher.untilReady('codec-server', () => answers(`http://127.0.0.1:${PORTS.codec}/livez`));
    },
    untilProxied: () => launcher.untilReady('caddy', () => answers(`${PUBLIC_URL}/readyz`)),
    stopAll: launcher.stopAll,
  };
}

export type Topology = ReturnType<typeof createTopology>;
