import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCliConfig, type Env } from '../config.js';
import { connectDatabase, type Database } from '../database/connect.js';
import { createSecretBox, parseSecretKeys, type SecretBox, type SecretKey } from '../database/secret-box.js';
import { demoSecretsKeyFile } from '../tenants/demo-secrets-key.js';

/** What a command works with; nothing is opened before it is asked for. */
export interface CliContext {
  env: Env;
  out(line: string): void;
  database(): Database;
  /** Of SECRETS_KEY, the current one first. */
  secretKeys(): readonly SecretKey[];
  secretBox(): SecretBox;
  /** Klaviyo's address, or its simulator's while the demo runs. */
  klaviyoApiUrl(): string;
  publicUrl(): string;
  close(): Promise<void>;
}

/** What of demo.json a command uses. */
interface DemoPlace {
  databaseUrl?: string;
  baseUrl?: string;
  simulators?: { klaviyo?: string | null };
}

/**
 * Takes DATABASE_URL and SECRETS_KEY(_FILE) from the environment, else those of the demo that runs in `dataDir`.
 * In production there is no demo to fall back to.
 */
export function createCliContext(input: {
  env: Env;
  out: (line: string) => void;
  /** Instead of PASSRELAY_DATA_DIR. */
  dataDir?: string | undefined;
}): CliContext {
  const config = parseCliConfig(input.env);
  const dataDir = config.demoDataDir && (input.dataDir ?? config.demoDataDir);
  const demo = readDemo(dataDir);
  const databaseUrl = config.databaseUrl ?? demo.databaseUrl;
  let database: Database | undefined;
  const secretKeys = (): readonly SecretKey[] => {
    const ofDemo = dataDir !== null && databaseUrl !== undefined && databaseUrl === demo.databaseUrl;
    const keys = config.secretKeys ?? (ofDemo ? readDemoKeys(dataDir) : null);
    if (!keys) throw new Error('No key for secrets: set SECRETS_KEY or SECRETS_KEY_FILE as the API has it.');
    return keys;
  };
  return {
    env: input.env,
    out: input.out,
    database() {
      if (!databaseUrl) {
        throw new Error(dataDir ? 'No database: set DATABASE_URL, or run "npm start" first.' : 'Set DATABASE_URL.');
      }
      return (database ??= connectDatabase({ url: databaseUrl, poolMax: 4, applicationName: 'passrelay-cli' }));
    },
    secretKeys,
    secretBox: () => createSecretBox({ keys: secretKeys() }),
    klaviyoApiUrl() {
      const simulated = databaseUrl === demo.databaseUrl ? demo.simulators?.klaviyo : null;
      return config.klaviyoApiUrl ?? simulated ?? 'https://a.klaviyo.com';
    },
    publicUrl() {
      const url = config.publicUrl ?? demo.baseUrl;
      if (!url) throw new Error('No address: set PUBLIC_URL to where Klaviyo reaches the API.');
      return url;
    },
    close: async () => database?.close(),
  };
}

function readDemo(dataDir: string | null): DemoPlace {
  const file = dataDir && join(dataDir, 'demo.json');
  return file && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DemoPlace) : {};
}

function readDemoKeys(dataDir: string): SecretKey[] | null {
  const file = demoSecretsKeyFile(dataDir);
  return existsSync(file) ? parseSecretKeys(readFileSync(file, 'utf8')) : null;
}
