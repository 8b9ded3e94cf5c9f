import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createAccount, type AccountOptions, type SimulatedAccount, type SimulatedEvent } from './account.js';
import { answerControl, type Controls } from './controls.js';
import { KlaviyoFault, type SimulatedAnswer } from './errors.js';
import { createFaults } from './faults.js';
import { createFlowEngine, type Delivery, type Sleep, type WebhookRequest } from './flows.js';
import { mergeProfiles } from './merge-profiles.js';
import { answerCall, readBody } from './server.js';

export type { AccountOptions, SimulatedEvent } from './account.js';
export type { Fault } from './faults.js';
export { RETRY_PAUSES_MS } from './flows.js';

export interface KlaviyoSimulatorOptions {
  /** 0, the default, picks a free port. */
  port?: number;
  host?: string;
  accounts?: readonly AccountOptions[];
  clock?: () => number;
  /** Waits between two attempts of a webhook; tests pass one that only advances their clock. */
  sleep?: Sleep;
  webhookTimeoutMs?: number;
}
export interface LoggedCall {
  method: string;
  path: string;
  status: number | null;
  revision: string | null;
  body: unknown;
}
export type KlaviyoSimulator = Awaited<ReturnType<typeof startKlaviyoSimulator>>;

const MAX_LOGGED_CALLS = 10_000;

function send(response: ServerResponse, answer: SimulatedAnswer): void {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
  // An empty 202 or 204 carries no content type: clients that see one try to parse nothing.
  response.writeHead(answer.status, { ...(text && { 'content-type': 'application/vnd.api+json' }), ...answer.headers });
  response.end(text);
}

function errorAnswer(fault: KlaviyoFault): SimulatedAnswer {
  const { status, code, title, detail, source, meta, headers } = fault;
  const error = { id: crypto.randomUUID(), status, code, title, detail, source, links: {}, meta };
  return { status, headers, body: { errors: [error] } };
}

function parsed(raw: Buffer): unknown {
  try {
    return raw.length > 0 ? (JSON.parse(raw.toString('utf8')) as unknown) : null;
  } catch {
    return raw.toString('utf8');
  }
}

/**
 * A stand-in for Klaviyo: its API for a wallet's write-back, and flows that fire webhooks with Klaviyo's retry rules.
 * Refuses what Klaviyo's description refuses. `close()` ends everything it started.
 */
export async function startKlaviyoSimulator(options: KlaviyoSimulatorOptions = {}) {
  const { clock = Date.now, sleep, webhookTimeoutMs, host = '127.0.0.1' } = options;
  const accounts = (options.accounts ?? [{ apiKey: 'pk_simulator' }]).map(createAccount);
  const faults = createFaults();
  const flows = createFlowEngine({
    clock,
    ...(sleep && { sleep }),
    ...(webhookTimeoutMs !== undefined && { timeoutMs: webhookTimeoutMs }),
  });
  const calls: LoggedCall[] = [];

  const accountFor = (apiKey?: string): SimulatedAccount => {
    const account = apiKey === undefined ? accounts[0] : accounts.find((one) => one.apiKey === apiKey);
    if (!account) throw new RangeError('no simulated account has this API key');
    return account;
  };
  const person = (account: SimulatedAccount, profileId: string) => {
    const profile = account.profiles.get(profileId);
    return { ...profile?.attributes.properties, ...profile?.attributes, id: profileId };
  };
  const recorded = (account: SimulatedAccount, event: SimulatedEvent) => {
    if (!event.backfill)
      flows.onMetric(event.metric, { person: person(account, event.profileId), event: event.properties });
  };

  const controls: Controls & { fireWebhook(request: WebhookRequest): Delivery } = {
    setFault: faults.add,
    clearFaults: faults.clear,
    addFlow: flows.addFlow,
    fireWebhook: (request) => flows.start(request).delivery,
    /** The old key gets 401 from now on; the account stays. */
    replaceKey: (from, to) => void (accountFor(from).apiKey = to),
    setCustomObjects: (apiKey, allowed) => void (accountFor(apiKey).customObjects = allowed),
    mergeProfiles: (sourceId, targetId, apiKey) => void mergeProfiles(accountFor(apiKey), sourceId, targetId, clock()),
    read: {
      profiles: () => [...accountFor().profiles.values()],
      events: () => [...accountFor().events.values()],
      records: () => accountFor().records,
      'subscription-jobs': () => accountFor().subscriptionJobs,
      deliveries: () => flows.deliveries,
      requests: () => calls,
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${request.headers.host ?? host}`);
    const method = request.method ?? 'GET';
    if (url.pathname.startsWith('/simulator/')) {
      return send(response, answerControl(method, url.pathname, await readBody(request), controls));
    }
    const log: LoggedCall = {
      method,
      path: url.pathname,
      status: null,
      revision: String(request.headers['revision'] ?? ''),
      body: null,
    };
    if (calls.push(log) > MAX_LOGGED_CALLS) calls.shift();
    const fault = faults.take(method, url.pathname);
    if (fault?.reset) return void request.socket.destroy();
    let answer: SimulatedAnswer;
    try {
      const raw = await readBody(request);
      log.body = parsed(raw);
      if (fault?.delayMs) await pause(fault.delayMs);
      if (fault?.hang) return;
      if (fault?.status !== undefined) {
        const headers: Record<string, string> =
          fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
        log.status = fault.status;
        if (fault.html) {
          response.writeHead(fault.status, { 'content-type': 'text/html', ...headers });
          return void response.end('<html><body>error</body></html>');
        }
        throw new KlaviyoFault(fault.status, 'simulated', 'Simulated fault.', 'Simulated fault.', {}, {}, headers);
      }
      answer = answerCall(request, raw, url, accounts, clock(), recorded);
    } catch (error) {
      if (!(error instanceof KlaviyoFault)) throw error;
      answer = errorAnswer(error);
    }
    log.status = answer.status;
    if (fault?.dropResponse) return void request.socket.destroy();
    send(response, answer);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => {
      if (!response.headersSent) send(response, { status: 500, body: { errors: [] } });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${host}:${port}`,
    port,
    apiKey: accounts[0]!.apiKey,
    setFault: controls.setFault,
    clearFaults: controls.clearFaults,
    replaceKey: controls.replaceKey,
    setCustomObjects: controls.setCustomObjects,
    mergeProfiles: controls.mergeProfiles,
    addFlow: controls.addFlow,
    /** Fires one webhook and follows it to its end; the delivery itself is the activity log. */
    fireWebhook: (request: WebhookRequest): Promise<Delivery> => flows.start(request).done,
    /** Starts a flow by hand for one profile, as list and segment flows start. */
    runFlow: (flowId: string, profileId: string, event: Record<string, unknown> = {}, apiKey?: string): void =>
      flows.runFlow(flowId, { person: person(accountFor(apiKey), profileId), event }),
    deliveries: flows.deliveries,
    settled: flows.settled,
    profiles: (apiKey?: string) => [...accountFor(apiKey).profiles.values()],
    events: (apiKey?: string) => [...accountFor(apiKey).events.values()],
    records: (apiKey?: string) => [...accountFor(apiKey).records],
    subscriptionJobs: (apiKey?: string) => [...accountFor(apiKey).subscriptionJobs],
    requests: () => [...calls],
    async close(): Promise<void> {
      await flows.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
