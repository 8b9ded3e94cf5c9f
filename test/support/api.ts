import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createApp, listRoutes } from '../../src/api/app.js';
import { createClientAddress } from '../../src/api/access/client-address.js';
import { createCredentials } from '../../src/api/access/credentials.js';
import type { TokenVerifier } from '../../src/api/access/oauth-tokens.js';
import { createHttpServer } from '../../src/api/http-server.js';
import { createGoogleService } from '../../src/api/google-service.js';
import { createPassSigner } from '../../src/api/pass-file.js';
import { createRateLimiter, type RateLimiter } from '../../src/api/access/rate-limit.js';
import { createRefusalLog, type RefusalLog } from '../../src/api/refusals/refusal-log.js';
import type { ApiDeps, PartHealth, Route } from '../../src/api/route.js';
import type { Database } from '../../src/database/connect.js';
import { createAcceptance } from '../../src/database/operations/accept-together.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import type { Environment } from '../../src/common/environment.js';
import { watchAnswers } from './described-answers.js';
import { testSecretBox } from './secret-box.js';

/** As a real process has it: a test that computes for long must not find its connection closed. */
const KEEP_ALIVE_MS = 65_000;

export interface TestApi {
  baseUrl: string;
  /** The list that the application was made from. */
  routes: Route[];
  rateLimiter: RateLimiter;
  refusals: RefusalLog;
  /** How often an acceptance was announced to the dispatcher. */
  nudges(): number;
  /** Everything that was logged, one JSON object a line. */
  logged(): string;
  fetch(path: string, options?: RequestInit & { key?: string }): Promise<Response>;
  /** POSTs a body (text as it is, anything else as JSON) to the pushUpdate listener of a tenant. */
  pushUpdate(tenantId: string, key: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Fails the test file if an answer was not one of those that the description names. */
  close(): Promise<void>;
}

/** The real application on a free port, with the given database. */
export async function startTestApi(options: {
  database: Database;
  now?: () => number;
  tokens?: TokenVerifier;
  installation?: Environment;
  /** Google's stand-in, where a test needs one. */
  google?: { callbackKeysUrl: string; saveUrl: string };
  health?: () => Promise<Record<string, PartHealth>>;
  isStopping?: () => boolean;
  /** Instead of the system's DNS. */
  resolve?: ApiDeps['resolve'];
  /** Default: info. */
  logLevel?: 'trace';
}): Promise<TestApi> {
  const { database, now = Date.now } = options;
  const lines: string[] = [];
  const log = pino({ level: options.logLevel ?? 'info' }, { write: (line: string) => void lines.push(line) });
  let nudges = 0;
  const credentials = createCredentials({ database, now, log, tokens: options.tokens ?? null });
  const rateLimiter = createRateLimiter({ database, now, log });
  const refusals = createRefusalLog({ database, now, log });
  const deps: ApiDeps = {
    installation: options.installation ?? 'development',
    database,
    isStopping: options.isStopping ?? (() => false),
    ...(options.resolve && { resolve: options.resolve }),
    log,
    now,
    publicUrl: 'https://passes.example',
    temporalUi: { url: 'http://temporal.example:8233', namespace: 'default' },
    credentials,
    rateLimiter,
    refusals,
    clientAddress: createClientAddress({ trustedProxies: [], log }),
    secretBox: testSecretBox,
    passSigner: createPassSigner({
      database,
      secretBox: testSecretBox,
      readers: createTenantReaders(database, now),
      publicUrl: 'https://passes.example',
      now,
    }),
    google: createGoogleService({
      database,
      secretBox: testSecretBox,
      callbackKeysUrl: options.google?.callbackKeysUrl ?? 'http://127.0.0.1:9/keys',
      saveUrl: options.google?.saveUrl ?? 'https://save.example/gp/v/save',
      publicUrl: 'https://passes.example',
      now,
    }),
    accept: createAcceptance(database),
    notifyAccepted: () => void nudges++,
    health: options.health ?? (async () => ({ temporal: { state: 'ok' as const } })),
  };
  const app = createApp(deps);
  const answers = watchAnswers(listRoutes(deps));
  app.middleware.unshift(answers.middleware);
  const server: Server = createHttpServer(app.callback(), deps, { keepAliveTimeout: KEEP_ALIVE_MS });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const call: TestApi['fetch'] = (path, { key, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (key) headers.set('Authorization', `Bearer ${key}`);
    return fetch(baseUrl + path, { redirect: 'manual', ...init, headers });
  };
  return {
    baseUrl,
    routes: listRoutes(deps),
    rateLimiter,
    refusals,
    nudges: () => nudges,
    logged: () => lines.join(''),
    fetch: call,
    pushUpdate: (tenantId, key, body, headers = {}) =>
      call(`/api/${tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`, {
        method: 'POST',
        key,
        headers: { 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await credentials.close();
      await rateLimiter.close();
      answers.report();
      await refusals.close();
    },
  };
}
