import { z } from 'zod';
import { ENVIRONMENTS } from './common/environment.js';
import { parseNetworks } from './common/networks.js';

const webUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/(?<!\/)\/+$/, ''));
const fileOrWebUrl = z.url({ protocol: /^(?:https?|file)$/ });

const networks = z
  .string()
  .default('')
  .transform((text, context) => {
    try {
      return parseNetworks(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });

/** Every variable that is ours; `.env.example` lists the same, and a test compares them. */
export const VARIABLES = {
  DATABASE_URL: z.url({ protocol: /^postgres(?:ql)?$/, error: 'must begin with postgres://' }),
  DATABASE_POOL_MAX: z.coerce.number().int().min(1).max(1000).default(20),
  PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  MAX_CONNECTIONS: z.coerce.number().int().min(10).max(1_000_000).default(5_000),
  TRUSTED_PROXIES: networks,
  API_DRAIN_SECONDS: z.coerce.number().int().min(0).max(300).default(5),
  METRICS_PORT: z.coerce.number().int().min(0).max(65535),
  METRICS_HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: webUrl,
  PASSRELAY_ENV: z.enum(ENVIRONMENTS),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  SECRETS_KEY: z.string(),
  SECRETS_KEY_FILE: z.string(),
  PASSRELAY_DATA_DIR: z.string().default('.data'),
  WORKER_DEPLOYMENT_NAME: z
    .string()
    .regex(/^[^.:\s]{1,200}$/, 'must have no dot, colon or space')
    .default('passrelay'),
  WORKER_BUILD_ID: z.string().regex(/^[^:\s]{1,200}$/, 'must have no colon or space'),
  TEMPORAL_TASK_QUEUE: z.string().default('passrelay'),
  TEMPORAL_PAYLOAD_ENCRYPTION: z.enum(['on', 'off']),
  TEMPORAL_UI_URL: webUrl,
  CODEC_SERVER_PORT: z.coerce.number().int().min(0).max(65535).default(8088),
  CODEC_SERVER_KEY: z.string().min(32, 'must have 32 characters or more; make one with "openssl rand -hex 32"'),
  APNS_URL: webUrl.default('https://api.push.apple.com'),
  APNS_CA_FILE: z.string(),
  GOOGLE_WALLET_API_URL: webUrl.default('https://walletobjects.googleapis.com/walletobjects/v1'),
  GOOGLE_TOKEN_URL: webUrl,
  GOOGLE_CALLBACK_KEYS_URL: fileOrWebUrl.default('https://pay.google.com/gp/m/issuer/keys'),
  GOOGLE_SAVE_URL: webUrl.default('https://pay.google.com/gp/v/save'),
  KLAVIYO_API_URL: webUrl.default('https://a.klaviyo.com'),
  KLAVIYO_API_KEY: z.string().min(1),
  OAUTH_ISSUER: z.string(),
  OAUTH_AUDIENCE: z.string(),
  OAUTH_JWKS_URL: webUrl,
  OAUTH_TOKEN_URL: webUrl,
} as const;
/** Read by OpenTelemetry's own SDK, named here for `.env.example`; those that decide whether and how we trace are read here as well. */
export const OTEL_VARIABLES = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_SERVICE_NAME',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
] as const;
/** Read by Temporal's own environment configuration, named here for `.env.example` alone. */
export const TEMPORAL_VARIABLES = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS',
  'TEMPORAL_TLS_CLIENT_CERT_PATH',
  'TEMPORAL_TLS_CLIENT_KEY_PATH',
  'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  'TEMPORAL_TLS_SERVER_NAME',
  'TEMPORAL_CONFIG_FILE',
  'TEMPORAL_PROFILE',
] as const;
