import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createActivities } from '../../src/activities/index.js';
import { createApp, listRoutes } from '../../src/api/app.js';
import { createClientAddress } from '../../src/api/access/client-address.js';
import { createCredentials } from '../../src/api/access/credentials.js';
import { createGoogleService } from '../../src/api/google-service.js';
import { createPassSigner, type PassSigner } from '../../src/api/pass-file.js';
import type { ApiDeps, Route } from '../../src/api/route.js';
import { createRateLimiter } from '../../src/api/access/rate-limit.js';
import { createRefusalLog } from '../../src/api/refusals/refusal-log.js';
import { insertOrFindOperation } from '../../src/database/operations/operations.js';
import { openWebhookSecrets } from '../../src/database/merchants/webhook-endpoints.js';
import { createMerchantSender } from '../../src/merchants/send.js';
import type { SecretBox } from '../../src/database/secret-box.js';
import { getSecret } from '../../src/database/secrets.js';
import { createAcceptance } from '../../src/database/operations/accept-together.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import type { MessageContent } from '../../src/passes/message.js';
import type { JsonValue } from '../../src/common/json.js';
import { createIphone, type Iphone, type PushService } from '../../src/simulators/iphone/iphone.js';
import { ensureDemoTenant, type DemoTenant } from '../../src/tenants/demo-tenant.js';
import { authenticationToken } from '../../src/wallets/apple/authentication-token.js';
import type { TestDatabase } from './database.js';
import { watchAnswers } from './described-answers.js';
import { testSecretBox } from './secret-box.js';

export interface AppleService {
  baseUrl: string;
  routes: Route[];
  demo: DemoTenant;
  secretBox: SecretBox;
  signer: PassSigner;
  logged(): string;
  /** The authentication token of the demo's pass. */
  token: string;
  /** The pass as a person downloads it. */
  download(): Promise<Buffer>;
  /** A phone that trusts the demo's authority; pushes reach it through `push`. */
  phone(): Iphone;
  /** Wakes a phone that has a pass; resolves when it has refreshed. */
  push(phone: Iphone): Promise<void>;
  /** Runs the steps of one accepted update, without an engine around them. */
  update(data: Record<string, JsonValue>, options?: { passType?: string; metadata?: boolean }): Promise<void>;
  /** Shows a message on the pass; returns its id. */
  message(content: Partial<MessageContent> & Pick<MessageContent, 'text'>): Promise<string>;
  endMessage(messageId: string): Promise<void>;
  close(): Promise<void>;
}

/** The demo tenant behind the real application on a free port, reachable under its own public URL. */
export async function startAppleService(test: TestDatabase): Promise<AppleService> {
  const { database } = test;
  const now = Date.now;
  const dataDir = mkdtempSync(join(tmpdir(), 'passrelay-test-apple-'));
  const demo = await ensureDemoTenant({ database, secretBox: testSecretBox, dataDir, now });
  const { tenantId, pass } = demo;
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const readers = createTenantReaders(database, now);
  const credentials = createCredentials({ database, now, log, tokens: null });
  const rateLimiter = createRateLimiter({ database, now, log });
  const refusals = createRefusalLog({ database, now, log });
  const signer = createPassSigner({ database, secretBox: testSecretBox, readers, publicUrl: baseUrl, now });
  const deps: ApiDeps = {
    installation: 'development',
    database,
    log,
    now,
    publicUrl: baseUrl,
    temporalUi: null,
    credentials,
    rateLimiter,
    refusals,
    clientAddress: createClientAddress({ trustedProxies: [], log }),
    secretBox: testSecretBox,
    passSigner: signer,
    google: createGoogleService({
      database,
      secretBox: testSecretBox,
      callbackKeysUrl: 'http://127.0.0.1:9/keys',
      saveUrl: 'https://save.example/gp/v/save',
      publicUrl: baseUrl,
      now,
    }),
    accept: createAcceptance(database),
    notifyAccepted: () => undefined,
    health: async () => ({}),
  };
  const app = createApp(deps);
  const answers = watchAnswers(listRoutes(deps));
  app.middleware.unshift(answers.middleware);
  server.on('request', app.callback());

  const listeners = new Map<string, () => void>();
  const apns: PushService = {
    registerToken: (token, _topic, onPush) => void listeners.set(token, onPush),
    unregisterToken: (token) => void listeners.delete(token),
  };
  const phones: Iphone[] = [];
  const activities = createActivities({
    database,
    ...readers,
    apple: { push: async () => ({ kind: 'delivered', apnsId: null }) },
    google: { forTenant: async () => null },
    merchants: createMerchantSender(),
    webhookSecrets: openWebhookSecrets(testSecretBox),
    now,
  } as unknown as Parameters<typeof createActivities>[0]);
  const sql = database.tenant(tenantId);
  const tokenKey = await getSecret(sql, 'pass-token-key', testSecretBox);

  return {
    baseUrl,
    routes: listRoutes(deps),
    demo,
    secretBox: testSecretBox,
    signer,
    logged: () => lines.join(''),
    token: authenticationToken(tokenKey!, pass.passId),
    async download() {
      const response = await fetch(`${baseUrl}/p/${pass.serialNumber}/pass.pkpass`);
      return Buffer.from(await response.arrayBuffer());
    },
    phone() {
      const phone = createIphone({ apns, caPem: demo.certificates.authorityPem });
      phones.push(phone);
      return phone;
    },
    async push(phone) {
      const refreshed = new Promise((resolve) => phone.events.once('refreshed', resolve));
      listeners.get(phone.pushToken)!();
      await refreshed;
    },
    async update(data, options = {}) {
      const operationId = randomUUID();
      const input = {
        identifiers: [],
        passType: options.passType ?? null,
        data,
        updateMetadata: options.metadata ?? false,
      };
      await insertOrFindOperation(sql, {
        operationId,
        kind: 'push-update',
        origin: 'api',
        input,
      });
      const ref = { tenantId, operationId, run: 1, passId: pass.passId };
      if (options.passType) await activities['convert-type'](ref);
      await activities['apply-data'](ref);
      if (options.metadata) await activities['recompute-metadata'](ref);
    },
    async message(content) {
      const messageId = randomUUID();
      const input = {
        passId: pass.passId,
        identifiers: [],
        content: { title: null, link: null, ...content },
        class: 'marketing' as const,
        validUntil: null,
        validForSeconds: null,
        notBefore: null,
        respectQuietHours: null,
      };
      await insertOrFindOperation(sql, { operationId: messageId, kind: 'send-message', origin: 'api', input });
      const ref = { tenantId, operationId: messageId, run: 1, passId: pass.passId };
      await activities['claim-message'](ref);
      await activities['show-message'](ref);
      return messageId;
    },
    async endMessage(messageId) {
      const operationId = randomUUID();
      const input = { passId: pass.passId, messageId };
      await insertOrFindOperation(sql, { operationId, kind: 'end-message', origin: 'api', input });
      await activities['end-message']({ tenantId, operationId, run: 1, passId: pass.passId });
    },
    async close() {
      phones.forEach((phone) => phone.stop());
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await credentials.close();
      await rateLimiter.close();
      await refusals.close();
      rmSync(dataDir, { recursive: true, force: true });
      answers.report();
    },
  };
}
