import { readFileSync } from 'node:fs';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { z } from 'zod';
import { VARIABLES } from './config-variables.js';
import { parseSecretKeys, type SecretKey } from './database/secret-box.js';
import type { Environment } from './common/environment.js';
import type { TracingConfig } from './tracing/start-tracing.js';
import { DEMO_KEY_ID_PREFIX } from './tenants/demo-secrets-key.js';

export type Env = Readonly<Record<string, string | undefined>>;

/** How a process reaches Temporal. */
export type TemporalConfig = ReturnType<SettingsReader['temporal']>;

/** Which build of which deployment a worker announces to Temporal. */
export type WorkerVersion = NonNullable<ReturnType<SettingsReader['workerVersion']>>;

type Name = keyof typeof VARIABLES;

const isWebUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

/** Reads variables one by one and gathers what is wrong, so that one start shows every problem. */
export class SettingsReader {
  readonly problems: string[] = [];
  readonly environment: Environment;
  /** Production unless the environment says otherwise: a setting that was forgotten must not open anything. */
  constructor(
    readonly env: Env,
    otherwise: Environment = 'production',
  ) {
    this.environment = this.optional('PASSRELAY_ENV') ?? otherwise;
  }

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

  common() {
    return {
      environment: this.environment,
      logLevel: this.required('LOG_LEVEL'),
      databasePoolMax: this.required('DATABASE_POOL_MAX'),
      /** Whether arguments and results are encrypted before Temporal sees them. */
      encryptPayloads: this.encryptPayloads(),
      /** Where Prometheus scrapes the process; null: nowhere. */
      metrics: this.metrics(),
      /** Null: no OTLP endpoint is set, and nothing is traced. */
      tracing: this.tracing(),
    };
  }

  secretKeys(): SecretKey[] | null {
    const file = this.optional('SECRETS_KEY_FILE');
    const text =
      this.optional('SECRETS_KEY') ?? (file && this.attempt('SECRETS_KEY_FILE', () => readFileSync(file, 'utf8')));
    if (!text) return null;
    const keys = this.attempt('SECRETS_KEY', () => parseSecretKeys(text));
    if (this.environment === 'production' && keys?.some((key) => key.id.startsWith(DEMO_KEY_ID_PREFIX))) {
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

  temporal() {
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
    return said === null ? this.environment === 'production' : said === 'on';
  }

  workerVersion() {
    const buildId = this.optional('WORKER_BUILD_ID');
    const deploymentName = this.required('WORKER_DEPLOYMENT_NAME');
    return buildId === null ? null : { deploymentName, buildId };
  }

  metrics() {
    const [host, port] = [this.required('METRICS_HOST'), this.optional('METRICS_PORT')];
    return port === null ? null : { host, port };
  }

  /** By the names that OpenTelemetry has for all programs; its SDK reads the values, and most other names, by itself. */
  tracing(): TracingConfig | null {
    const names = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].filter((name) =>
      this.given(name),
    );
    const isOff =
      this.given('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || this.given('OTEL_TRACES_EXPORTER') === 'none';
    if (names.length === 0 || isOff) return null;
    for (const name of names) {
      if (!isWebUrl(this.given(name)!)) this.problems.push(`${name}: must begin with http:// or https://`);
    }
    const name = 'OTEL_EXPORTER_OTLP_PROTOCOL';
    const protocol = this.given('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ?? this.given(name) ?? 'http/protobuf';
    if (protocol === 'http/protobuf' || protocol === 'http/json') return { protocol };
    this.problems.push(`${name}: must be http/protobuf or http/json`);
    return null;
  }

  /** Who may issue OAuth2 tokens for the whole installation. `tokenUrl` says where tokens come from, for the description alone. */
  oauth() {
    const names = ['OAUTH_ISSUER', 'OAUTH_AUDIENCE', 'OAUTH_JWKS_URL'] as const;
    if (names.every((name) => this.given(name) === undefined)) return null;
    const [issuer, audience, jwksUrl] = names.map((name) => this.required(name));
    return { issuer: issuer!, audience: audience!, jwksUrl: jwksUrl!, tokenUrl: this.optional('OAUTH_TOKEN_URL') };
  }

  publicUrl(): string {
    const url = this.required('PUBLIC_URL');
    if (this.environment === 'production' && url?.startsWith('http:')) {
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
