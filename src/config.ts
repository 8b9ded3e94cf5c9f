import { readFileSync } from 'node:fs';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';
import type { z } from 'zod';
import { parseSecretKeys, type SecretKey } from './database/secrets.js';
import type { Environment } from './passes/environment.js';
import { DEMO_KEY_ID_PREFIX } from './tenants/demo-secrets-key.js';
import { VARIABLES } from './config-variables.js';

export { TEMPORAL_VARIABLES, VARIABLES } from './config-variables.js';

export type Env = Readonly<Record<string, string | undefined>>;

export interface TemporalConfig {
  connectionOptions: ClientConnectConfig['connectionOptions'];
  namespace: string;
  taskQueue: string;
}

interface CommonConfig {
  environment: Environment;
  logLevel: string;
  databasePoolMax: number;
  /** Whether arguments and results are encrypted before Temporal sees them. */
  encryptPayloads: boolean;
  /** Where Prometheus scrapes the process; null: nowhere. */
  metrics: { host: string; port: number } | null;
}

/** What the HTTP process needs. It signs passes on demand, hence the key of the secrets. */
export interface ApiConfig extends CommonConfig {
  databaseUrl: string;
  port: number;
  publicUrl: string;
  temporal: TemporalConfig;
  temporalUiUrl: string | null;
  secretKeys: SecretKey[];
  googleCallbackKeysUrl: string;
  googleSaveUrl: string;
  oauth: { issuer: string; audience: string; jwksUrl: string } | null;
}

/** What a worker needs; Klaviyo, APNs and Google's API are spoken to by workers alone. */
export interface WorkerConfig extends CommonConfig {
  databaseUrl: string;
  publicUrl: string;
  temporal: TemporalConfig;
  secretKeys: SecretKey[];
  apnsUrl: string;
  apnsCaFile: string | null;
  googleWalletApiUrl: string;
  googleTokenUrl: string | null;
  googleSaveUrl: string;
  klaviyoApiUrl: string;
}

/** What `npm start` takes from outside; null: it starts its own server, key or simulator. */
export interface DemoConfig extends CommonConfig {
  databaseUrl: string | null;
  /** Null: 8080, or another free one when that is taken. */
  port: number | null;
  /** Where embedded servers keep their data, with everything else that lasts from start to start. */
  dataDir: string;
  publicUrl: string | null;
  taskQueue: string;
  temporal: TemporalConfig | null;
  temporalUiUrl: string | null;
  secretKeys: SecretKey[] | null;
  apnsUrl: string | null;
  apnsCaFile: string | null;
  googleWalletApiUrl: string | null;
  googleTokenUrl: string | null;
  googleCallbackKeysUrl: string | null;
  googleSaveUrl: string | null;
  klaviyoApiUrl: string | null;
  /** With which the demo tenant calls that address. */
  klaviyoApiKey: string | null;
  oauth: ApiConfig['oauth'];
}

type Name = keyof typeof VARIABLES;

/** Reads variables one by one and gathers what is wrong, so that one start shows every problem. */
class Reader {
  readonly problems: string[] = [];
  constructor(readonly env: Env) {}

  given = (name: string): string | undefined => this.env[name]?.trim() || undefined;

  optional<N extends Name>(name: N): z.output<(typeof VARIABLES)[N]> | null {
    const result = VARIABLES[name].safeParse(this.given(name));
    if (result.success) return result.data as z.output<(typeof VARIABLES)[N]>;
    // The value stays out of the message: it may be a secret or hold a password.
    if (this.given(name) !== undefined) this.problems.push(`${name}: ${result.error.issues[0]!.message}`);
    return null;
  }
  required<N extends Name>(name: N): z.output<(typeof VARIABLES)[N]> {
    const value = this.optional(name);
    if (value === null && this.given(name) === undefined) this.problems.push(`${name}: is not set`);
    return value as z.output<(typeof VARIABLES)[N]>;
  }
  /** Without its default: null where nothing was set. */
  explicit<N extends Name>(name: N): z.output<(typeof VARIABLES)[N]> | null {
    return this.given(name) === undefined ? null : this.optional(name);
  }

  attempt<T>(name: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.problems.push(`${name}: ${(error as Error).message}`);
      return undefined as T;
    }
  }

  common(): CommonConfig {
    return {
      environment: this.required('PASSRELAY_ENV'),
      logLevel: this.required('LOG_LEVEL'),
      databasePoolMax: this.required('DATABASE_POOL_MAX'),
      encryptPayloads: this.encryptPayloads(),
      metrics: this.metrics(),
    };
  }

  secretKeys(): SecretKey[] | null {
    const file = this.optional('SECRETS_KEY_FILE');
    const text =
      this.optional('SECRETS_KEY') ?? (file && this.attempt('SECRETS_KEY_FILE', () => readFileSync(file, 'utf8')));
    if (!text) return null;
    const keys = this.attempt('SECRETS_KEY', () => parseSecretKeys(text));
    if (this.given('PASSRELAY_ENV') === 'production' && keys?.some((key) => key.id.startsWith(DEMO_KEY_ID_PREFIX))) {
      this.problems.push('SECRETS_KEY: is a key of the demo; make one for production with "openssl rand -base64 32"');
    }
    return keys;
  }
  requiredSecretKeys(): SecretKey[] {
    const before = this.problems.length;
    const keys = this.secretKeys();
    if (!keys && this.problems.length === before) this.problems.push('SECRETS_KEY: set it, or SECRETS_KEY_FILE');
    return keys as SecretKey[];
  }

  temporal(): TemporalConfig {
    const overrideEnvVars = Object.fromEntries(
      Object.keys(this.env).flatMap((name) => {
        const value = name.startsWith('TEMPORAL_') ? this.given(name) : undefined;
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const loaded = this.attempt('TEMPORAL_*', () =>
      loadClientConnectConfig({
        overrideEnvVars,
        // A file in somebody's home folder counts only where the environment asks for it.
        disableFile: !overrideEnvVars['TEMPORAL_CONFIG_FILE'] && !overrideEnvVars['TEMPORAL_PROFILE'],
      }),
    );
    const taskQueue = this.required('TEMPORAL_TASK_QUEUE');
    return {
      connectionOptions: {
        ...loaded?.connectionOptions,
        address: loaded?.connectionOptions.address ?? 'localhost:7233',
      },
      namespace: loaded?.namespace ?? 'default',
      taskQueue,
    };
  }

  /** On in production, unless somebody says otherwise. */
  encryptPayloads(): boolean {
    const said = this.optional('TEMPORAL_PAYLOAD_ENCRYPTION');
    return said === null ? this.given('PASSRELAY_ENV') === 'production' : said === 'on';
  }

  metrics(): CommonConfig['metrics'] {
    const [host, port] = [this.required('METRICS_HOST'), this.optional('METRICS_PORT')];
    return port === null ? null : { host, port };
  }

  oauth(): ApiConfig['oauth'] {
    const names = ['OAUTH_ISSUER', 'OAUTH_AUDIENCE', 'OAUTH_JWKS_URL'] as const;
    if (names.every((name) => this.given(name) === undefined)) return null;
    const [issuer, audience, jwksUrl] = names.map((name) => this.required(name));
    return { issuer: issuer!, audience: audience!, jwksUrl: jwksUrl! };
  }

  publicUrl(): string {
    const url = this.required('PUBLIC_URL');
    if (this.given('PASSRELAY_ENV') === 'production' && url?.startsWith('http:')) {
      this.problems.push('PUBLIC_URL: must be https in production, for Klaviyo, Apple and Google');
    }
    return url;
  }

  finish<T extends object>(config: T): Readonly<T> {
    if (this.problems.length > 0) {
      throw new Error(`The settings have ${this.problems.length} problem(s):\n  ${this.problems.join('\n  ')}`);
    }
    return Object.freeze(config);
  }
}

/** Settings of the HTTP process; throws one Error that names every problem. */
export function parseApiConfig(env: Env = process.env): Readonly<ApiConfig> {
  const read = new Reader(env);
  return read.finish({
    ...read.common(),
    databaseUrl: read.required('DATABASE_URL'),
    port: read.required('PORT'),
    publicUrl: read.publicUrl(),
    temporal: read.temporal(),
    temporalUiUrl: read.optional('TEMPORAL_UI_URL'),
    secretKeys: read.requiredSecretKeys(),
    googleCallbackKeysUrl: read.required('GOOGLE_CALLBACK_KEYS_URL'),
    googleSaveUrl: read.required('GOOGLE_SAVE_URL'),
    oauth: read.oauth(),
  });
}

/** Settings of a worker; throws one Error that names every problem. */
export function parseWorkerConfig(env: Env = process.env): Readonly<WorkerConfig> {
  const read = new Reader(env);
  return read.finish({
    ...read.common(),
    databaseUrl: read.required('DATABASE_URL'),
    publicUrl: read.publicUrl(),
    temporal: read.temporal(),
    secretKeys: read.requiredSecretKeys(),
    apnsUrl: read.required('APNS_URL'),
    apnsCaFile: read.optional('APNS_CA_FILE'),
    googleWalletApiUrl: read.required('GOOGLE_WALLET_API_URL'),
    googleTokenUrl: read.optional('GOOGLE_TOKEN_URL'),
    googleSaveUrl: read.required('GOOGLE_SAVE_URL'),
    klaviyoApiUrl: read.required('KLAVIYO_API_URL'),
  });
}

/** What the server needs that decrypts payloads for the Temporal UI. */
export interface CodecServerConfig {
  logLevel: string;
  port: number;
  /** Whoever sends it may read; as a bearer token or as the password of a person. */
  accessKey: string;
  /** The only origin whose pages may call. */
  uiOrigin: string;
  secretKeys: SecretKey[];
}

/** Settings of the codec server; throws one Error that names every problem. */
export function parseCodecServerConfig(env: Env = process.env): Readonly<CodecServerConfig> {
  const read = new Reader(env);
  const uiUrl = read.required('TEMPORAL_UI_URL');
  return read.finish({
    logLevel: read.required('LOG_LEVEL'),
    port: read.required('CODEC_SERVER_PORT'),
    accessKey: read.required('CODEC_SERVER_KEY'),
    uiOrigin: uiUrl ? new URL(uiUrl).origin : '',
    secretKeys: read.requiredSecretKeys(),
  });
}

/** Settings of `npm start`, all of them optional; throws one Error that names every problem. */
export function parseDemoConfig(env: Env = process.env): Readonly<DemoConfig> {
  const read = new Reader(env);
  return read.finish({
    ...read.common(),
    databaseUrl: read.optional('DATABASE_URL'),
    port: read.explicit('PORT'),
    dataDir: read.required('PASSRELAY_DATA_DIR'),
    publicUrl: read.optional('PUBLIC_URL'),
    taskQueue: read.required('TEMPORAL_TASK_QUEUE'),
    temporal: read.given('TEMPORAL_ADDRESS') || read.given('TEMPORAL_PROFILE') ? read.temporal() : null,
    temporalUiUrl: read.optional('TEMPORAL_UI_URL'),
    secretKeys: read.secretKeys(),
    apnsUrl: read.explicit('APNS_URL'),
    apnsCaFile: read.optional('APNS_CA_FILE'),
    googleWalletApiUrl: read.explicit('GOOGLE_WALLET_API_URL'),
    googleTokenUrl: read.optional('GOOGLE_TOKEN_URL'),
    googleCallbackKeysUrl: read.explicit('GOOGLE_CALLBACK_KEYS_URL'),
    googleSaveUrl: read.explicit('GOOGLE_SAVE_URL'),
    klaviyoApiUrl: read.explicit('KLAVIYO_API_URL'),
    klaviyoApiKey: read.optional('KLAVIYO_API_KEY'),
    oauth: read.oauth(),
  });
}

/** The database of a command that needs nothing else, such as the migrations. */
export function parseDatabaseUrl(env: Env = process.env): string {
  const read = new Reader(env);
  return read.finish({ url: read.required('DATABASE_URL') }).url;
}
