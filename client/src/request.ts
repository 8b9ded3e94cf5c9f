import type { Accepted } from './answers.js';

/** An answer beyond 2xx: problem+json (RFC 9457) as far as it was one. */
export class PassrelayError extends Error {
  override readonly name = 'PassrelayError';
  constructor(
    readonly status: number,
    message: string,
    /** Last part of the problem's type URL, such as `invalid-request`. */
    readonly code: string | null,
    readonly correlationId: string | null,
    readonly errors: readonly { pointer?: string; parameter?: string; message: string }[],
  ) {
    super(message);
  }
}

export interface RequestOptions {
  baseUrl: string;
  apiKey: string;
  /** Tries in all for one call; default 4. */
  attempts?: number;
  /** For one try, milliseconds; default 15 s. */
  timeoutMs?: number;
  fetch?: typeof fetch;
  /** Waits between tries; tests pass one that does not. */
  sleep?: (ms: number) => Promise<void>;
}

/** What a call may send along; `once` is for what creates something and carries no idempotency key. */
export interface CallExtras {
  headers?: Record<string, string>;
  once?: boolean;
}
export interface Call {
  <T>(method: string, path: string, body?: unknown, extras?: CallExtras): Promise<T>;
  /** A POST whose answer has no body: what is accepted is named in its headers. */
  accepted(path: string, body: unknown, extras?: CallExtras): Promise<Accepted>;
}

/** Whoever is asked to wait longer hears of it at once, rather than being held or coming back too early. */
const LONGEST_WAIT_MS = 60_000;

function waitMs(response: Response | null, attempt: number): number {
  const header = response?.headers.get('retry-after') ?? null;
  const named = header === null ? NaN : /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  const backOff = 250 * 2 ** attempt * (0.5 + Math.random());
  return Number.isNaN(named) ? Math.min(LONGEST_WAIT_MS, backOff) : Math.max(0, named);
}

function mayRetry(response: Response, once: boolean): boolean {
  // 429 is the one answer that says that nothing was done.
  return response.status === 429 || (response.status >= 500 && !once);
}

/** The error for an answer beyond 2xx. */
export async function toError(response: Response): Promise<PassrelayError> {
  // An answer that is no JSON, such as a proxy's page: its status says enough.
  const problem = (await response.json().catch(() => ({}))) as {
    type?: string;
    detail?: string;
    title?: string;
    correlationId?: string;
    errors?: { message: string }[];
  };
  const message = problem.detail ?? problem.title ?? `HTTP ${response.status}`;
  const code = problem.type?.split('/').pop() ?? null;
  return new PassrelayError(response.status, message, code, problem.correlationId ?? null, problem.errors ?? []);
}

/**
 * One call with retries: after 429, 5xx and lost connections, waiting as Retry-After asks. A call that creates something
 * carries an idempotency key, so that a retry after a lost answer makes no second one, or is tried `once`.
 */
export function createCall(options: RequestOptions): Call {
  const { attempts = 4, timeoutMs = 15_000, fetch: send = fetch } = options;
  const sleep = options.sleep ?? ((ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));
  const base = options.baseUrl.replace(/(?<!\/)\/+$/, '');
  const answerTo = async (method: string, path: string, body: unknown, extras: CallExtras): Promise<Response> => {
    const { headers = {}, once = false } = extras;
    for (let attempt = 0; ; attempt++) {
      const last = attempt + 1 >= attempts;
      let response: Response | null = null;
      try {
        response = await send(base + path, {
          method,
          redirect: 'error',
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            authorization: `Bearer ${options.apiKey}`,
            accept: 'application/json',
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        if (response.ok) return response;
      } catch (error) {
        if (last || once) throw error;
      }
      const pauseMs = waitMs(response, attempt);
      const tooLong = pauseMs > LONGEST_WAIT_MS;
      if (response && !response.ok && (!mayRetry(response, once) || last || tooLong)) throw await toError(response);
      // Lets go of an answer that nobody reads; one that broke off is gone already.
      await response?.body?.cancel().catch(() => undefined);
      await sleep(pauseMs);
    }
  };
  const call = async <T>(method: string, path: string, body?: unknown, extras: CallExtras = {}): Promise<T> => {
    const text = await (await answerTo(method, path, body, extras)).text();
    return (text === '' ? null : JSON.parse(text)) as T;
  };
  return Object.assign(call, {
    async accepted(path: string, body: unknown, extras: CallExtras = {}): Promise<Accepted> {
      const { headers } = await answerTo('POST', path, body, extras);
      return { correlationId: headers.get('x-correlation-id') ?? '', statusUrl: headers.get('location') ?? '' };
    },
  });
}
