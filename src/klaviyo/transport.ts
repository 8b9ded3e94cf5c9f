import { cleanJson } from '../common/clean-text.js';
import { parseAnswer } from '../common/answer-status.js';
import { PermanentError, TransientError } from '../common/errors.js';
import type { JsonValue } from '../common/json.js';
import { failureOf } from './api-failures.js';

/** The one place that names the API revision; Klaviyo serves one for about two years, then answers 410. */
export const REVISION = '2026-10-15';
const DEFAULT_TIMEOUT_MS = 8_000;
const MAX_ANSWER_BYTES = 5 * 1024 * 1024;

export interface TransportOptions {
  /** `https://a.klaviyo.com`, or a simulator's address. */
  apiUrl: string;
  apiKey: string;
  timeoutMs?: number;
  revision?: string;
  now?: () => number;
}
export interface Answer {
  status: number;
  body: unknown;
  /** Fields that Klaviyo dropped although it answered 2xx (`X-Klaviyo-Partial-Failure`). */
  partialFailure: string[];
}
export type Transport = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown) => Promise<Answer>;

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) {
      throw new PermanentError('klaviyo-answer-too-large', 'Klaviyo’s answer is larger than 5 MB; it was not read.');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  const parsed = parseAnswer(text);
  // A profile may hold characters that PostgreSQL refuses in jsonb: no retry would cure that.
  return parsed === undefined ? undefined : cleanJson(parsed as JsonValue);
}

/** The word for a lost connection (`ECONNRESET`); never the error itself, whose parts may quote the request. */
function connectionCode(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown } } | null)?.cause;
  return typeof cause?.code === 'string' && /^[A-Z0-9_]{1,40}$/.test(cause.code) ? cause.code : 'no answer';
}

/**
 * One request at a time, without retries and redirects; time-out for the whole answer. Throws PermanentError
 * (`klaviyo-unauthorized`, `-not-found`, `-invalid`, `-duplicate-profile`, ...) or TransientError (`klaviyo-throttled`,
 * `-unavailable`, `-timeout`, `-unreachable`).
 */
export function createTransport(options: TransportOptions): Transport {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, revision = REVISION, now = Date.now } = options;
  const base = options.apiUrl.replace(/(?<!\/)\/+$/, '');
  if (!/^[\x21-\x7e]+$/.test(options.apiKey)) {
    throw new PermanentError(
      'klaviyo-unauthorized',
      'The Klaviyo API key is empty or holds characters that no key has.',
    );
  }
  return async (method, path, body) => {
    let status: number;
    let headers: Headers;
    let text: string;
    try {
      const response = await fetch(base + path, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          authorization: `Klaviyo-API-Key ${options.apiKey}`,
          revision,
          // Without it Klaviyo answers in a newer revision once ours is retired, silently, instead of by 410.
          'x-klaviyo-revision-fall-forward-opt-out': '1',
          accept: 'application/vnd.api+json',
          ...(body !== undefined && { 'content-type': 'application/vnd.api+json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      ({ status, headers } = response);
      text = await readLimited(response);
    } catch (error) {
      if (error instanceof PermanentError) throw error;
      if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')) {
        throw new TransientError('klaviyo-timeout', `Klaviyo did not answer within ${timeoutMs} ms.`);
      }
      throw new TransientError('klaviyo-unreachable', `The connection to Klaviyo failed (${connectionCode(error)}).`);
    }
    const parsed = parseJson(text);
    if (status >= 300 && status < 400) {
      throw new PermanentError('klaviyo-redirect', 'Klaviyo’s address redirects: correct KLAVIYO_API_URL.', { status });
    }
    if (status >= 400) throw failureOf({ status, retryAfter: headers.get('retry-after'), body: parsed }, now());
    if (parsed === undefined) {
      throw new TransientError('klaviyo-unavailable', `Klaviyo answered ${status} with something that is not JSON.`);
    }
    const partial = headers.get('x-klaviyo-partial-failure') ?? '';
    const partialFailure = partial
      .split(',')
      .map((name) => name.trim())
      .filter((name) => /^[\w.-]{1,60}$/.test(name));
    return { status, body: parsed, partialFailure };
  };
}
