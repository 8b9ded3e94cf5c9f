import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createGoogleCallbacks, type CallbackMessage, type CallbackResult } from './callbacks.js';
import { createFaults, type Faults } from './faults.js';
import { createGoogleOauth, type KnownAccount, type SimulatedServiceAccount } from './oauth.js';
import { createGoogleRoutes, faultAnswer, type Answer } from './routes.js';
import { keepGoogleState } from './state.js';
import { createGoogleStore, type GoogleSettings } from './store.js';
import { GoogleRefusal, type Resource } from './validate.js';

export interface SeenRequest {
  method: string;
  path: string;
  status: number;
  /** The JSON body, or undefined. */
  body: unknown;
  atMs: number;
}

export interface GoogleWalletSimulator {
  url: string;
  apiUrl: string;
  tokenUrl: string;
  callbackKeysUrl: string;
  /** Base of save links: `<saveUrl>/<jwt>`. */
  saveUrl: string;
  /** Makes a service account that the simulator knows; with `issuerIds` it may act for those only. */
  serviceAccount(issuerIds?: string[]): SimulatedServiceAccount;
  /** What Google does not document, changeable while running. */
  settings: GoogleSettings;
  faults: Faults;
  /** The last 10,000 requests. */
  requests: SeenRequest[];
  callbacks: CallbackResult[];
  object(id: string): Resource | undefined;
  class(id: string): Resource | undefined;
  /** When holders of a class or object were notified. */
  notifications(id: string): number[];
  /** The holder saves or removes the pass: Google calls the URL of its class, signed. */
  save(objectId: string): Promise<CallbackResult>;
  remove(objectId: string): Promise<CallbackResult>;
  /** A callback body without sending it, for receivers' tests. */
  callbacksSigner: ReturnType<typeof createGoogleCallbacks>;
  /** Sends a callback again as it was: Google may deliver twice. */
  resend(result: CallbackResult): Promise<CallbackResult>;
  revokeTokens(): void;
  stop(): Promise<void>;
}

const REQUESTS_KEPT = 10_000;
const BODY_LIMIT_BYTES = 1_000_000;

/**
 * Stands in for Google Wallet on 127.0.0.1: OAuth tokens, the REST API (generic, loyalty, offer), save links, signed callbacks. It
 * refuses what Google refuses, by a validator of its own. `clock` gives milliseconds; the quota is counted by it as well.
 */
export async function startGoogleWalletSimulator(
  options: {
    port?: number;
    serviceAccounts?: KnownAccount[];
    clock?: () => number;
    settings?: Partial<GoogleSettings>;
    /** Keeps classes and objects from start to start. */
    stateFile?: string;
  } = {},
): Promise<GoogleWalletSimulator> {
  const clock = options.clock ?? Date.now;
  const settings: GoogleSettings = {
    requestsPerSecond: 20,
    classIdChange: 'accept',
    review: 'approve',
    nestedPatch: 'replace',
    ...options.settings,
  };
  let url = '';
  const store = createGoogleStore(settings, clock);
  const kept = options.stateFile === undefined ? undefined : keepGoogleState(options.stateFile, store);
  const oauth = createGoogleOauth(clock, () => `${url}/token`);
  options.serviceAccounts?.forEach(oauth.add);
  const faults = createFaults();
  const signer = createGoogleCallbacks(clock);
  const requests: SeenRequest[] = [];
  const callbacks: CallbackResult[] = [];

  async function deliver(message: CallbackMessage): Promise<CallbackResult> {
    const target = (store.classes.get(message.classId)?.resource['callbackOptions'] as Resource | undefined)?.['url'];
    const result =
      typeof target === 'string'
        ? await signer.send(target, message, message.classId.split('.')[0]!)
        : { message, failure: 'the class has no callbackOptions.url' };
    callbacks.push(result);
    return result;
  }

  async function holder(objectId: string, eventType: 'save' | 'del'): Promise<CallbackResult> {
    const stored = store.objects.get(objectId);
    if (!stored) throw new GoogleRefusal(404, 'objectNotFound', 'Not found');
    stored.resource['hasUsers'] = eventType === 'save';
    return deliver(signer.message(String(stored.resource['classId']), objectId, eventType));
  }

  const route = createGoogleRoutes({
    store,
    oauth,
    settings,
    faults,
    clock,
    rootKeys: signer.rootKeys,
    makeAccount: oauth.make,
    holder,
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    const asked = {
      method: request.method!,
      url: new URL(request.url!, url),
      authorization: request.headers.authorization,
      body,
    };
    const path = asked.url.pathname;
    const fault = path.startsWith('/simulator/') ? undefined : faults.take(asked.method, path);
    if (fault?.delayMs) await pause(fault.delayMs);
    const answer = fault?.status === undefined ? await route(asked) : faultAnswer(fault);
    if (asked.method !== 'GET') kept?.save();
    requests.push({ method: asked.method, path, status: answer.status, body: jsonOrNothing(body), atMs: clock() });
    if (requests.length > REQUESTS_KEPT) requests.splice(0, requests.length - REQUESTS_KEPT);
    if (fault?.loseAnswer) return void request.socket.destroy();
    send(response, answer);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, { status: 500, body: { error: String(error) } });
    });
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed).listen(options.port ?? 0, '127.0.0.1', done);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    apiUrl: `${url}/walletobjects/v1`,
    tokenUrl: `${url}/token`,
    callbackKeysUrl: `${url}/gp/m/issuer/keys`,
    saveUrl: `${url}/gp/v/save`,
    serviceAccount: oauth.make,
    settings,
    faults,
    requests,
    callbacks,
    object: (id) => store.objects.get(id)?.resource,
    class: (id) => store.classes.get(id)?.resource,
    notifications: (id) => [...((store.objects.get(id) ?? store.classes.get(id))?.notifiedAtMs ?? [])],
    save: (objectId) => holder(objectId, 'save'),
    remove: (objectId) => holder(objectId, 'del'),
    callbacksSigner: signer,
    resend: (result) => deliver(result.message),
    revokeTokens: oauth.revokeTokens,
    async stop() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, answer: Answer): void {
  const type = answer.html === undefined ? 'application/json; charset=utf-8' : 'text/html; charset=utf-8';
  response.writeHead(answer.status, { 'content-type': type, ...answer.headers });
  response.end(answer.html ?? (answer.body === undefined ? '' : JSON.stringify(answer.body)));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
