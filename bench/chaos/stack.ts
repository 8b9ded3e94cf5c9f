import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { SIMULATED_KLAVIYO_KEY } from '../../src/demo/simulators.js';
import { connectDatabase } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrate.js';
import { createSecretBox, parseSecretKeys } from '../../src/database/secret-box.js';
import { freePort } from '../../src/embedded/free-port.js';
import { findTemporalCli } from '../../src/embedded/temporal-cli.js';
import { ensureDemoTenant, type DemoTenant } from '../../src/tenants/demo-tenant.js';
import { createDatabaseCuts, inspectDatabase, type DatabaseCuts } from './database-cuts.js';
import { startDatabaseServer, type DatabaseServer } from './database-server.js';
import { startEngineServer, type EngineServer } from './engine-server.js';
import { createMember, type Member } from './member.js';
import { writeNeighbourFolder, type Party } from './party.js';
import { startProviders, type Providers } from './providers.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

/** A product process with its own way to PostgreSQL. */
export interface MemberAtDatabase extends Member {
  readonly cuts: DatabaseCuts;
}

/** Everything that a drill runs and harms. */
export interface Stack {
  readonly folder: string;
  readonly database: DatabaseServer;
  readonly engine: EngineServer;
  /** Between the product and Temporal. */
  readonly engineNetwork: TcpProxy;
  readonly apis: readonly MemberAtDatabase[];
  readonly workers: readonly MemberAtDatabase[];
  readonly providers: Providers;
  readonly parties: readonly Party[];
  readonly publicUrl: string;
  /** A statement as the owner, past row level security and past the proxies. */
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

export interface StackOptions {
  random: () => number;
  log: (line: string) => void;
  /** Keeps logs, journal and data. */
  keep: boolean;
}

async function prepareTenants(url: string, secretsKey: string, folder: string): Promise<[DemoTenant, DemoTenant]> {
  const database = connectDatabase({ url, poolMax: 2, applicationName: 'passrelay-chaos' });
  try {
    const secretBox = createSecretBox({ keys: parseSecretKeys(secretsKey) });
    const options = { database, secretBox, dataDir: folder, now: Date.now };
    return [
      await ensureDemoTenant({ ...options, klaviyoApiKey: SIMULATED_KLAVIYO_KEY }),
      await ensureDemoTenant({ ...options, folder: writeNeighbourFolder(folder) }),
    ];
  } finally {
    await database.close();
  }
}

export async function startStack({ random, log, keep }: StackOptions): Promise<Stack> {
  const folder = mkdtempSync(path.join(tmpdir(), 'passrelay-chaos-'));
  // Run as root, PostgreSQL has another account, which must get through to its data.
  chmodSync(folder, 0o711);
  const stops: (() => unknown)[] = [() => (keep ? log(`kept: ${folder}`) : rmSync(folder, { recursive: true }))];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) {
      await Promise.resolve(one()).catch((error: unknown) => log(`did not stop in order: ${(error as Error).message}`));
    }
  };
  try {
    const database = await startDatabaseServer(path.join(folder, 'postgres'), log);
    stops.push(() => database.stop());
    await migrate(database.url);
    const { path: cliPath } = await findTemporalCli({ log });
    const engine = await startEngineServer(cliPath, path.join(folder, 'temporal.db'), log);
    stops.push(() => engine.stop());
    const engineNetwork = await startTcpProxy({ targets: () => [engine.port] });
    stops.push(() => engineNetwork.stop());

    const secretsKey = randomBytes(32).toString('base64');
    const [first, neighbour] = await prepareTenants(database.url, secretsKey, folder);
    const providers = await startProviders(first.certificates, folder);
    stops.push(() => providers.stop());
    const pool = new pg.Pool({ connectionString: database.url, max: 4, connectionTimeoutMillis: 5_000 });
    // Connections die with the server that a run kills; the next query opens a new one.
    pool.on('error', () => undefined);
    stops.push(() => pool.end());
    const query = async <Row>(text: string, values?: unknown[]): Promise<Row[]> =>
      (await pool.query(text, values)).rows as Row[];

    const ports = [await freePort(), await freePort()];
    let turn = 0;
    const balancer = await startTcpProxy({ targets: () => (turn++ % 2 === 0 ? ports : [...ports].reverse()) });
    stops.push(() => balancer.stop());
    const publicUrl = `http://127.0.0.1:${balancer.port}`;

    const member = async (kind: 'api' | 'worker', number: number): Promise<MemberAtDatabase> => {
      const cuts = createDatabaseCuts();
      const network = await startTcpProxy({
        targets: () => [database.port],
        inspect: () => inspectDatabase(cuts, random),
      });
      stops.push(() => network.stop());
      const databaseUrl = new URL(database.url);
      databaseUrl.port = String(network.port);
      const env = {
        ...providers.env,
        DATABASE_URL: databaseUrl.href,
        TEMPORAL_ADDRESS: `127.0.0.1:${engineNetwork.port}`,
        TEMPORAL_TASK_QUEUE: 'chaos',
        SECRETS_KEY: secretsKey,
        PASSRELAY_ENV: 'development',
        PUBLIC_URL: publicUrl,
        API_DRAIN_SECONDS: '0',
        ...(kind === 'api' && { PORT: String(ports[number - 1]) }),
      };
      const entry = kind === 'api' ? 'src/start-api.ts' : 'src/start-worker.ts';
      const created = createMember({ name: `${kind}-${number}`, entry, env, folder });
      stops.push(() => created.kill());
      return { ...created, cuts };
    };
    const apis = [await member('api', 1), await member('api', 2)];
    const workers = [await member('worker', 1), await member('worker', 2)];
    // Both at once want more memory and CPU for their bundles than a small machine has.
    await Promise.all([apis[0]!.start(), workers[0]!.start()]);
    await Promise.all([apis[1]!.start(), workers[1]!.start()]);
    const party = (tenant: DemoTenant, merchant: Party['merchant'], hasKlaviyo: boolean): Party => {
      const { tenantId, apiKeys } = tenant;
      return { tenant, access: { tenantId, publicUrl, keys: apiKeys }, merchant, hasKlaviyo };
    };
    const parties = [party(first, providers.merchant, true), party(neighbour, providers.neighbourMerchant, false)];
    return { folder, database, engine, engineNetwork, apis, workers, providers, parties, publicUrl, query, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
