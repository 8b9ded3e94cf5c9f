import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDemoConfig, type Env } from '../config.js';
import { connectDatabase, type Database } from '../database/connect.js';
import { createSecretBox, parseSecretKeys, type SecretBox } from '../database/secrets.js';
import { demoSecretsKeyFile } from '../tenants/demo-secrets-key.js';

/** What a command works with; nothing is opened before it is asked for. */
export interface CliContext {
  env: Env;
  out(line: string): void;
  database(): Database;
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

/** Takes DATABASE_URL and SECRETS_KEY(_FILE) from the environment, else those of the demo that runs in `dataDir`. */
export function createCliContext(input: {
  env: Env;
  out: (line: string) => void;
  /** Instead of PASSRELAY_DATA_DIR. */
  dataDir?: string | undefined;
}): CliContext {
  const config = parseDemoConfig(input.env);
  const dataDir = input.dataDir ?? config.dataDir;
  const demoFile = join(dataDir, 'demo.json');
  const demo = existsSync(demoFile) ? (JSON.parse(readFileSync(demoFile, 'utf8')) as DemoPlace) : {};
  const databaseUrl = config.databaseUrl ?? demo.databaseUrl;
  let database: Database | undefined;
  return {
    env: input.env,
    out: input.out,
    database() {
      if (!databaseUrl) throw new Error('No database: set DATABASE_URL, or run "npm start" first.');
      return (database ??= connectDatabase({ url: databaseUrl, poolMax: 4, applicationName: 'passrelay-cli' }));
    },
    secretBox() {
      const file = demoSecretsKeyFile(dataDir);
      const isDemo = databaseUrl !== undefined && databaseUrl === demo.databaseUrl && existsSync(file);
      const keys = config.secretKeys ?? (isDemo ? parseSecretKeys(readFileSync(file, 'utf8')) : null);
      if (!keys) throw new Error('No key for secrets: set SECRETS_KEY or SECRETS_KEY_FILE as the API has it.');
      return createSecretBox({ keys });
    },
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
