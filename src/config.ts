import { SettingsReader, type Env, type TemporalConfig } from './settings-reader.js';

export { OTEL_VARIABLES, TEMPORAL_VARIABLES, VARIABLES } from './config-variables.js';
export type { Env, TemporalConfig } from './settings-reader.js';

/** Settings of the HTTP process; throws one Error that names every problem. */
export function parseApiConfig(env: Env = process.env) {
  const read = new SettingsReader(env);
  return read.finish({
    ...read.common(),
    databaseUrl: read.required('DATABASE_URL'),
    port: read.required('PORT'),
    /** More are closed as they come. */
    maxConnections: read.required('MAX_CONNECTIONS'),
    /** Whose X-Forwarded-For is believed. */
    trustedProxies: read.required('TRUSTED_PROXIES'),
    /** How long the process still serves, without being ready, once it is to stop. */
    drainSeconds: read.required('API_DRAIN_SECONDS'),
    publicUrl: read.publicUrl(),
    temporal: read.temporal(),
    temporalUiUrl: read.optional('TEMPORAL_UI_URL'),
    secretKeys: read.requiredSecretKeys(),
    googleCallbackKeysUrl: read.required('GOOGLE_CALLBACK_KEYS_URL'),
    googleSaveUrl: read.required('GOOGLE_SAVE_URL'),
    oauth: read.oauth(),
  });
}

/** What the HTTP process needs. It signs passes on demand, hence the key of the secrets. */
export type ApiConfig = ReturnType<typeof parseApiConfig>;

/** Settings of a worker; throws one Error that names every problem. */
export function parseWorkerConfig(env: Env = process.env) {
  const read = new SettingsReader(env);
  return read.finish({
    ...read.common(),
    databaseUrl: read.required('DATABASE_URL'),
    publicUrl: read.publicUrl(),
    temporal: read.temporal(),
    secretKeys: read.requiredSecretKeys(),
    /** Null: the worker takes what comes, and is not versioned. */
    workerVersion: read.workerVersion(),
    apnsUrl: read.required('APNS_URL'),
    apnsCaFile: read.optional('APNS_CA_FILE'),
    googleWalletApiUrl: read.required('GOOGLE_WALLET_API_URL'),
    googleTokenUrl: read.optional('GOOGLE_TOKEN_URL'),
    googleSaveUrl: read.required('GOOGLE_SAVE_URL'),
    klaviyoApiUrl: read.required('KLAVIYO_API_URL'),
  });
}

/** What a worker needs; Klaviyo, APNs and Google's API are spoken to by workers alone. */
export type WorkerConfig = ReturnType<typeof parseWorkerConfig>;

/** Settings of the codec server; throws one Error that names every problem. */
export function parseCodecServerConfig(env: Env = process.env) {
  const read = new SettingsReader(env);
  const uiUrl = read.required('TEMPORAL_UI_URL');
  return read.finish({
    logLevel: read.required('LOG_LEVEL'),
    port: read.required('CODEC_SERVER_PORT'),
    /** Grants reading; sent as a bearer token or as a person's password. */
    accessKey: read.required('CODEC_SERVER_KEY'),
    /** The only origin whose pages may call. */
    uiOrigin: uiUrl ? new URL(uiUrl).origin : '',
    secretKeys: read.requiredSecretKeys(),
  });
}

/** What the server needs that decrypts payloads for the Temporal UI. */
export type CodecServerConfig = ReturnType<typeof parseCodecServerConfig>;

/** Settings of `npm start`, all of them optional; throws one Error that names every problem. */
export function parseDemoConfig(env: Env = process.env) {
  const read = new SettingsReader(env, 'development');
  // It makes keys, certificates and a tenant that are the demo's, whatever else is set.
  if (read.environment === 'production') {
    read.problems.push(
      'PASSRELAY_ENV: "npm start" is the demo; in production start the API and workers (docs/deployment.md)',
    );
  }
  return read.finish({
    ...read.common(),
    databaseUrl: read.optional('DATABASE_URL'),
    /** Null: 8080, or another free one when that is taken. */
    port: read.explicit('PORT'),
    maxConnections: read.required('MAX_CONNECTIONS'),
    trustedProxies: read.required('TRUSTED_PROXIES'),
    /** Where embedded servers keep their data, with everything else that lasts from start to start. */
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
    /** With which the demo tenant calls that address. */
    klaviyoApiKey: read.optional('KLAVIYO_API_KEY'),
    oauth: read.oauth(),
  });
}

/** What `npm start` takes from outside; null: it starts its own server, key or simulator. */
export type DemoConfig = ReturnType<typeof parseDemoConfig>;

/** Settings of the command line, all of them optional: each command says itself what it lacks. Throws one Error that names every problem. */
export function parseCliConfig(env: Env = process.env) {
  // It falls back to the demo where nothing else is set; nothing that a command does depends on the environment otherwise.
  const read = new SettingsReader(env, 'development');
  return read.finish({
    databaseUrl: read.optional('DATABASE_URL'),
    secretKeys: read.secretKeys(),
    publicUrl: read.given('PUBLIC_URL') === undefined ? null : read.publicUrl(),
    klaviyoApiUrl: read.explicit('KLAVIYO_API_URL'),
    /** Where the demo keeps its place and key; null in production, where no command may fall back to them. */
    demoDataDir: read.environment === 'production' ? null : read.required('PASSRELAY_DATA_DIR'),
  });
}

/** How a command reaches Temporal. */
export function parseTemporalConfig(env: Env = process.env): Readonly<TemporalConfig> {
  const read = new SettingsReader(env);
  return read.finish(read.temporal());
}

/** Where the health check of the image finds each process. */
export function parseHealthPorts(env: Env = process.env) {
  const read = new SettingsReader(env);
  return read.finish({
    PORT: read.required('PORT'),
    METRICS_PORT: read.optional('METRICS_PORT'),
    CODEC_SERVER_PORT: read.required('CODEC_SERVER_PORT'),
  });
}

/** The database of a command that needs nothing else, such as the migrations. */
export function parseDatabaseUrl(env: Env = process.env): string {
  const read = new SettingsReader(env);
  return read.finish({ url: read.required('DATABASE_URL') }).url;
}
