import type { lookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { cleanText } from '../common/clean-text.js';
import { retryAfterMs as readRetryAfter } from '../common/retry-after.js';
import { failSpan, inSpan, traceHeaders } from '../tracing/spans.js';
import type { DeliveryError } from './delivery-errors.js';
import { checkWebhookUrl, guardedLookup, isAllowedAddress, UnsafeAddress, type Reach } from './safe-url.js';

export interface WebhookRequest {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  reach: Reach;
}

/** What came of one attempt; a missing status means that no answer came, and `error` says why. */
export interface WebhookAnswer {
  status: number | null;
  error: string | null;
  durationMs: number;
  /** The first kilobyte of the answer as plain text; null where nothing came. */
  excerpt: string | null;
  /** From Retry-After, at most a day. */
  retryAfterMs: number | null;
}

export interface MerchantSender {
  /** One POST without redirects; never throws. */
  post(request: WebhookRequest): Promise<WebhookAnswer>;
}

const TIMEOUT_MS = 15_000;
const EXCERPT_CHARACTERS = 1_024;
/** The beginning of an answer; the rest is not read. */
async function readExcerpt(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= EXCERPT_CHARACTERS * 4) break;
  }
  return cleanText(Buffer.concat(chunks).toString('utf8')).slice(0, EXCERPT_CHARACTERS);
}

/** A word of ours, which has a cure. */
const own = (word: DeliveryError): DeliveryError => word;

/** The word for a failed call (`ECONNREFUSED`, `CERT_HAS_EXPIRED`); never a message, which may quote the request. */
function errorWord(error: unknown): string {
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name === 'TimeoutError' || name === 'AbortError') return own('timeout');
  return typeof code === 'string' && /^[A-Za-z0-9_-]{1,60}$/.test(code) ? code : own('connection-failed');
}

/** Sends webhooks: 15 s for the whole answer, a fresh connection each, to checked addresses only. */
export function createMerchantSender(
  options: { timeoutMs?: number; now?: () => number; resolve?: typeof lookup } = {},
): MerchantSender {
  const { timeoutMs = TIMEOUT_MS, now = Date.now } = options;

  function call({ url, headers, body, reach }: WebhookRequest): Promise<IncomingMessage> {
    const target = checkWebhookUrl(url, reach);
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(target, {
        method: 'POST',
        headers: { ...headers, ...traceHeaders(), 'content-length': String(Buffer.byteLength(body)) },
        agent: false,
        lookup: guardedLookup(reach, options.resolve),
        signal: AbortSignal.timeout(timeoutMs),
      });
      request.on('socket', (socket) =>
        socket.once('connect', () => {
          if (!isAllowedAddress(socket.remoteAddress ?? '', reach)) request.destroy(new UnsafeAddress());
        }),
      );
      request.on('error', reject).on('response', resolve).end(body);
    });
  }

  async function attempt(request: WebhookRequest): Promise<WebhookAnswer> {
    const startedMs = performance.now();
    const durationMs = (): number => Math.round(performance.now() - startedMs);
    const nothing = { status: null, error: null, excerpt: null, retryAfterMs: null };
    try {
      const response = await call(request);
      const status = response.statusCode ?? 0;
      const retryAfterMs = readRetryAfter(response.headers['retry-after'], now()) || null;
      // A status that came counts, even where the rest of the answer never does.
      const excerpt = await readExcerpt(response).catch(() => null);
      response.destroy();
      return { status, error: null, durationMs: durationMs(), excerpt, retryAfterMs };
    } catch (error) {
      return { ...nothing, error: errorWord(error), durationMs: durationMs() };
    }
  }

  return {
    post(request) {
      // The host alone: a merchant's address may hold a secret.
      const host = URL.canParse(request.url) ? { 'server.address': new URL(request.url).hostname } : {};
      const attributes = { 'http.request.method': 'POST', ...host };
      return inSpan({ name: 'POST to the merchant', kind: 'CLIENT', attributes }, async (span) => {
        const answer = await attempt(request);
        if (answer.status !== null) span.setAttribute('http.response.status_code', answer.status);
        const failure = answer.error ?? (answer.status === null || answer.status >= 400 ? String(answer.status) : null);
        if (failure !== null) failSpan(span, failure);
        return answer;
      });
    },
  };
}
