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

export type Call = <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<T>;

const LONGEST_WAIT_MS = 60_000;

function waitMs(response: Response | null, attempt: number): number {
  const header = response?.headers.get('retry-after') ?? null;
  const named = header === null ? NaN : /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  const backOff = 250 * 2 ** attempt * (0.5 + Math.random());
  return Math.min(LONGEST_WAIT_MS, Number.isNaN(named) ? backOff : Math.max(0, named));
}

async function toError(response: Response): Promise<PassrelayError> {
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
 * carries an idempotency key, so that a retry after a lost answer makes no second one.
 */
export function createCall(options: RequestOptions): Call {
  const { attempts = 4, timeoutMs = 15_000, fetch: send = fetch } = options;
  const sleep = options.sleep ?? ((ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));
  const base = options.baseUrl.replace(/\/+$/, '');
  return async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> => {
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
      } catch (error) {
        if (last) throw error;
      }
      if (response?.ok) {
        const text = await response.text();
        return (text === '' ? null : JSON.parse(text)) as T;
      }
      if (response && ((response.status !== 429 && response.status < 500) || last)) throw await toError(response);
      await response?.body?.cancel();
      await sleep(waitMs(response, attempt));
    }
  };
}
