import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { keyOf, signatureFault } from './signature.js';
import { answerControl, close, listen, portOf, readBody } from '../simulator-control.js';

/** How the endpoint answers the next deliveries. */
export interface MerchantAnswer {
  /** Default 200. A 3xx wants a `location` among the headers. */
  readonly status?: number;
  /** For example `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How many deliveries this applies to; default: until it is changed. */
  readonly times?: number;
  readonly delayMs?: number;
  /** Never answers at all. */
  readonly silent?: boolean;
  readonly body?: string;
}

/** One attempt that reached the endpoint. */
export interface MerchantDelivery {
  readonly id: string;
  /** Milliseconds. */
  readonly at: number;
  /** The value of webhook-timestamp. */
  readonly timestamp: string;
  readonly path: string;
  /** Undefined when the body is no JSON. */
  readonly payload: unknown;
  /** Why it was refused; undefined for a right signature. */
  readonly fault: string | undefined;
  /** The status given; 0 for silence. */
  readonly status: number;
  /** The same id was taken before: the receiver does nothing. */
  readonly duplicate: boolean;
  /** A newer order key of the same subject was taken before: the receiver drops it. */
  readonly stale: boolean;
}

/** What an event is about and its place in the order of that subject. */
export interface EventOrder {
  readonly subject: string;
  readonly order: number;
}

export interface MerchantSimulatorOptions {
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** `whsec_…`; with `secrets` several are valid at once. */
  readonly secret?: string;
  readonly secrets?: readonly string[];
  /** Milliseconds; default Date.now. */
  readonly clock?: () => number;
  /** Reads subject and order from a payload; the default looks for `orderKey` and `serialNumber` or `customerId`, at the top or under `data`. */
  readonly orderOf?: (payload: unknown) => EventOrder | undefined;
}

export interface MerchantSimulator {
  /** The endpoint to register, `http://127.0.0.1:port/webhooks`. Controls: POST /simulator/answers, GET /simulator/deliveries. */
  readonly url: string;
  readonly controlUrl: string;
  /** Every attempt, in order of arrival. */
  readonly deliveries: readonly MerchantDelivery[];
  /** What the receiver acted on: verified, answered 2xx, no duplicate, not stale. */
  readonly received: readonly MerchantDelivery[];
  /** Queues an answer; without `times` it replaces the standing one. */
  answerWith(answer: MerchantAnswer): void;
  /** The secrets valid from now on. Throws when one is malformed. */
  useSecrets(...secrets: string[]): void;
  stop(): Promise<void>;
}

/** A merchant's webhook endpoint as Standard Webhooks wants one: verifies raw bytes, is idempotent by id, drops stale events, answers as configured. */
export async function startMerchantSimulator(options: MerchantSimulatorOptions): Promise<MerchantSimulator> {
  const clock = options.clock ?? Date.now;
  const orderOf = options.orderOf ?? defaultOrderOf;
  let secrets: readonly string[] = [];
  let standing: MerchantAnswer = {};
  const queue: { answer: MerchantAnswer; left: number }[] = [];
  const deliveries: MerchantDelivery[] = [];
  const received: MerchantDelivery[] = [];
  const taken = new Set<string>();
  const newest = new Map<string, number>();

  const useSecrets = (...next: string[]): void => {
    next.forEach(keyOf);
    secrets = next;
  };
  useSecrets(...(options.secrets ?? []), ...(options.secret === undefined ? [] : [options.secret]));

  const nextAnswer = (): MerchantAnswer => {
    const head = queue[0];
    if (head === undefined) return standing;
    head.left -= 1;
    if (head.left === 0) queue.shift();
    return head.answer;
  };
  const answerWith = (answer: MerchantAnswer): void => {
    requireSense(answer);
    if (answer.times === undefined) standing = answer;
    else queue.push({ answer, left: answer.times });
  };

  const takeIn = (delivery: Omit<MerchantDelivery, 'duplicate' | 'stale'>): void => {
    const duplicate = taken.has(delivery.id);
    const order = delivery.fault === undefined ? orderOf(delivery.payload) : undefined;
    const stale = order !== undefined && order.order < (newest.get(order.subject) ?? -Infinity);
    const complete = { ...delivery, duplicate, stale };
    deliveries.push(complete);
    if (delivery.fault !== undefined || delivery.status < 200 || delivery.status > 299 || duplicate) return;
    taken.add(delivery.id);
    if (stale) return;
    if (order !== undefined) newest.set(order.subject, order.order);
    received.push(complete);
  };

  const onDelivery = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request);
    const now = clock();
    const fault =
      request.method === 'POST' ? signatureFault(request.headers, body, secrets, now) : `${request.method} is not POST`;
    const answer: MerchantAnswer = fault === undefined ? nextAnswer() : { status: 401, body: fault };
    const status = answer.silent === true ? 0 : (answer.status ?? 200);
    takeIn({
      id: String(request.headers['webhook-id'] ?? ''),
      at: now,
      timestamp: String(request.headers['webhook-timestamp'] ?? ''),
      path: request.url ?? '/',
      payload: parse(body),
      fault,
      status,
    });
    if (status === 0) return;
    if (answer.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, answer.delayMs));
    response.writeHead(status, { 'content-type': 'text/plain', ...answer.headers }).end(answer.body ?? '');
  };

  const routes = {
    'POST /simulator/answers': (body: unknown) =>
      [body].flat().forEach((answer) => answerWith(answer as MerchantAnswer)),
    'GET /simulator/deliveries': () => ({ deliveries, received: received.map(({ id }) => id) }),
  };
  const server = createServer((request, response) => {
    const respond = (status: number, json: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
    };
    // A delivery that could not be read: the connection breaks, and the sender tries again.
    void answerControl(routes, request, respond)
      .then((isControl) => (isControl ? undefined : onDelivery(request, response)))
      .catch(() => response.destroy());
  });
  await listen(server, options.port ?? 0);
  const controlUrl = `http://127.0.0.1:${portOf(server)}`;

  return {
    url: `${controlUrl}/webhooks`,
    controlUrl,
    deliveries,
    received,
    answerWith,
    useSecrets,
    stop: () => close(server),
  };
}

function requireSense(answer: MerchantAnswer | undefined): void {
  const { status = 200, times = 1, delayMs = 0 } = answer ?? {};
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new Error('status must be from 200 to 599');
  if (!Number.isInteger(times) || times < 1) throw new Error('times must be a whole number above 0');
  if (!(delayMs >= 0)) throw new Error('delayMs must be a number of milliseconds');
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function defaultOrderOf(payload: unknown): EventOrder | undefined {
  const top = (payload ?? {}) as Record<string, unknown>;
  const data = (typeof top.data === 'object' && top.data !== null ? top.data : {}) as Record<string, unknown>;
  const both = { ...top, ...data };
  const subject = both.serialNumber ?? both.customerId;
  const order = Number(both.orderKey ?? NaN);
  return typeof subject === 'string' && Number.isFinite(order) ? { subject, order } : undefined;
}
