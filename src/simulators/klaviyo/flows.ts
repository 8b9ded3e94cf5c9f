import { randomUUID } from 'node:crypto';
import { renderTemplate, type TemplateContext } from './template.js';

export interface WebhookRequest {
  url: string;
  headers?: Record<string, string>;
  /** Sent as it is; an object is sent as JSON. */
  body: unknown;
  flowId?: string;
}
export interface Attempt {
  at: string;
  status: number | null;
  /** The body of the answer (at most 4,000 characters), or why there was none: what a marketer sees in the activity log. */
  response: string;
  headers: Record<string, string>;
}
/** `skipped` and `failed` are final: Klaviyo never sends these again. */
export type DeliveryState = 'sending' | 'waiting' | 'delivered' | 'skipped' | 'failed';
export interface Delivery {
  id: string;
  flowId: string;
  url: string;
  body: string;
  state: DeliveryState;
  attempts: Attempt[];
  nextAttemptInMs: number | null;
}
export interface Flow {
  id?: string;
  /** The metric whose events start the flow; a flow without one is started by `runFlow`. */
  trigger: { metric: string } | { manual: true };
  webhook: { url: string; headers?: Record<string, string> };
  template: string;
}
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** The only answers after which Klaviyo sends again (understanding_webhook_status_codes). */
const RETRIED: ReadonlySet<number> = new Set([429, 500, 502, 503]);
/** 17 pauses that grow from one minute and end within 24 hours; Klaviyo publishes number and horizon only. */
export const RETRY_PAUSES_MS: readonly number[] = Array.from({ length: 17 }, (_, i) => Math.round(60_000 * 1.45 ** i));

const realSleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });

export interface FlowEngineOptions {
  clock: () => number;
  sleep?: Sleep;
  timeoutMs?: number;
}

/** Fires webhooks as Klaviyo's flows do: POST, no redirects, retried by status only, everything written down. */
export function createFlowEngine({ clock, sleep = realSleep, timeoutMs = 10_000 }: FlowEngineOptions) {
  const deliveries: Delivery[] = [];
  const flows: (Flow & { id: string })[] = [];
  const running = new Set<Promise<unknown>>();
  const stop = new AbortController();

  async function attempt(request: WebhookRequest, delivery: Delivery): Promise<number | null> {
    const at = new Date(clock()).toISOString();
    try {
      const response = await fetch(request.url, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(timeoutMs)]),
        headers: { 'content-type': 'application/json', ...request.headers, 'x-klaviyo-flow-id': delivery.flowId },
        body: delivery.body,
      });
      const text = (await response.text()).slice(0, 4000);
      delivery.attempts.push({
        at,
        status: response.status,
        response: text,
        headers: Object.fromEntries(response.headers),
      });
      return response.status;
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'Error';
      delivery.attempts.push({ at, status: null, response: `no answer (${reason})`, headers: {} });
      return null;
    }
  }

  async function deliver(request: WebhookRequest, delivery: Delivery): Promise<Delivery> {
    for (const pauseMs of [...RETRY_PAUSES_MS, null]) {
      delivery.state = 'sending';
      const status = await attempt(request, delivery);
      if (status !== null && status >= 200 && status < 300) delivery.state = 'delivered';
      // After a time-out or a broken connection nothing is documented: assume the delivery is lost.
      else if (status === null || !RETRIED.has(status)) delivery.state = 'skipped';
      else if (pauseMs === null) delivery.state = 'failed';
      else {
        delivery.state = 'waiting';
        delivery.nextAttemptInMs = pauseMs;
        try {
          await sleep(pauseMs, stop.signal);
        } catch {
          return delivery;
        }
        delivery.nextAttemptInMs = null;
        continue;
      }
      break;
    }
    return delivery;
  }

  function start(request: WebhookRequest): { delivery: Delivery; done: Promise<Delivery> } {
    const body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
    const flowId = request.flowId ?? 'SimFlw';
    const delivery: Delivery = {
      id: randomUUID(),
      flowId,
      url: request.url,
      body,
      state: 'sending',
      attempts: [],
      nextAttemptInMs: null,
    };
    deliveries.push(delivery);
    const done = deliver(request, delivery);
    running.add(done);
    void done.finally(() => running.delete(done));
    return { delivery, done };
  }

  function run(flow: Flow & { id: string }, context: TemplateContext) {
    let body: string;
    try {
      body = renderTemplate(flow.template, context);
    } catch (error) {
      const response = `template error: ${error instanceof Error ? error.message : ''}`;
      const attempts = [{ at: new Date(clock()).toISOString(), status: null, response, headers: {} }];
      deliveries.push({
        id: randomUUID(),
        flowId: flow.id,
        url: flow.webhook.url,
        body: flow.template,
        state: 'failed',
        attempts,
        nextAttemptInMs: null,
      });
      return;
    }
    start({ ...flow.webhook, body, flowId: flow.id });
  }

  return {
    deliveries,
    start,
    addFlow(flow: Flow): string {
      const id = flow.id ?? `F${randomUUID().slice(0, 5)}`;
      flows.push({ ...flow, id });
      return id;
    },
    /** Starts every flow of this metric. */
    onMetric(metric: string, context: TemplateContext): void {
      for (const flow of flows) if ('metric' in flow.trigger && flow.trigger.metric === metric) run(flow, context);
    },
    runFlow(flowId: string, context: TemplateContext): void {
      const flow = flows.find(({ id }) => id === flowId);
      if (!flow) throw new RangeError(`no flow has the id ${flowId}`);
      run(flow, context);
    },
    /** Waits until no delivery is under way. */
    async settled(): Promise<void> {
      while (running.size > 0) await Promise.all(running);
    },
    async close(): Promise<void> {
      stop.abort();
      await Promise.allSettled(running);
    },
  };
}
