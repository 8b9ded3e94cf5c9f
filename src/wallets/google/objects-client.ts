import { isOfFrontEnd, mayPass, parseAnswer } from '../../common/answer-status.js';
import { PermanentError, TransientError } from '../../common/errors.js';
import type { JsonValue } from '../../common/json.js';
import { retryAfterMs } from '../../common/retry-after.js';
import type { AccessTokens } from './access-token.js';
import { isFieldName, type GoogleResourceKind } from './schema.js';
import { googleWrite, type GoogleResource } from './wallet-object.js';

export interface GoogleMessage {
  id: string;
  header: string;
  body: string;
  localizedHeader?: JsonValue;
  localizedBody?: JsonValue;
  displayInterval?: JsonValue;
  messageType: 'TEXT' | 'TEXT_AND_NOTIFY';
}

export interface GoogleWalletClient {
  /** `exists`: the id is taken, perhaps by our own earlier attempt. */
  insert(kind: GoogleResourceKind, resource: GoogleResource): Promise<'inserted' | 'exists'>;
  get(kind: GoogleResourceKind, id: string): Promise<GoogleResource>;
  /** Changes the given top-level fields; arrays are replaced whole. */
  patch(kind: GoogleResourceKind, id: string, changes: GoogleResource): Promise<GoogleResource>;
  /** Replaces the resource: fields left out are cleared. */
  put(kind: GoogleResourceKind, id: string, resource: GoogleResource): Promise<GoogleResource>;
  addMessage(kind: GoogleResourceKind, id: string, message: GoogleMessage): Promise<void>;
  /** Inserts; where the id exists, reads, compares and writes only a difference. Repeating it is harmless. */
  ensure(
    kind: GoogleResourceKind,
    resource: GoogleResource,
    ownedFields?: readonly string[],
  ): Promise<'inserted' | 'unchanged' | 'updated'>;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT';
type Answer = { status: number; headers: Headers; body: unknown };

const QUOTA_REASONS = new Set(['quotaExceeded', 'rateLimitExceeded', 'userRateLimitExceeded', 'dailyLimitExceeded']);

/**
 * Google Wallet REST (walletobjects v1). `apiUrl` is the base up to `/walletobjects/v1`. Every refusal is a PermanentError or a
 * TransientError with a `google-…` code. Nothing is retried here, but for one new access token after a 401.
 */
export function createGoogleWalletClient(options: {
  apiUrl: string;
  tokens: AccessTokens;
  timeoutMs: number;
  fetch?: typeof fetch;
  /** Waits until a request may be sent; its errors are told as they are, for they are not Google's. */
  takeTurn?: () => Promise<void>;
}): GoogleWalletClient {
  const { tokens, timeoutMs, fetch: send = fetch, takeTurn } = options;
  const apiUrl = options.apiUrl.replace(/\/$/, '');

  async function once(method: Method, path: string, token: string, body?: unknown): Promise<Answer> {
    await takeTurn?.();
    try {
      const response = await send(`${apiUrl}/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: parseAnswer(text) };
    } catch (cause) {
      if (cause instanceof PermanentError) throw cause;
      const late = cause instanceof Error && cause.name === 'TimeoutError';
      throw new TransientError(
        late ? 'google-timeout' : 'google-unreachable',
        late ? `Google Wallet did not answer within ${timeoutMs} ms.` : 'The connection to Google Wallet failed.',
        undefined,
        { cause },
      );
    }
  }

  async function call(method: Method, path: string, body?: unknown): Promise<Answer> {
    const token = await tokens.token();
    const answer = await once(method, path, token, body);
    if (answer.status !== 401) return answer;
    tokens.discard(token);
    return once(method, path, await tokens.token(), body);
  }

  async function resource(method: Method, path: string, body?: unknown): Promise<GoogleResource> {
    const answer = await call(method, path, body);
    // Only an insert meets an id that is taken: here another writer came in between.
    if (answer.status === 409 && !isOfFrontEnd(answer.status, answer.body)) {
      throw new TransientError('google-conflict', 'Google Wallet took another change at the same moment.');
    }
    if (answer.status < 200 || answer.status > 299) throw classify(answer);
    return resourceIn(answer);
  }

  const at = (kind: GoogleResourceKind, id: string): string => `${kind}/${encodeURIComponent(id)}`;

  /** What has an id that is taken; ids are shared by all types, so it may not be ours. */
  async function readTaken(kind: GoogleResourceKind, id: string): Promise<GoogleResource> {
    const answer = await call('GET', at(kind, id));
    if (answer.status === 404) throw classify({ ...answer, status: 409 });
    if (answer.status !== 200) throw classify(answer);
    return resourceIn(answer);
  }

  const client: GoogleWalletClient = {
    async insert(kind, body) {
      const answer = await call('POST', kind, body);
      if (answer.status === 409) return 'exists';
      if (answer.status < 200 || answer.status > 299) throw classify(answer);
      return 'inserted';
    },
    get: (kind, id) => resource('GET', at(kind, id)),
    patch: (kind, id, changes) => resource('PATCH', at(kind, id), changes),
    put: (kind, id, body) => resource('PUT', at(kind, id), body),
    async addMessage(kind, id, message) {
      await resource('POST', `${at(kind, id)}/addMessage`, { message });
    },
    async ensure(kind, body, ownedFields = []) {
      if ((await client.insert(kind, body)) === 'inserted') return 'inserted';
      const id = String(body['id']);
      const write = googleWrite(await readTaken(kind, id), body, ownedFields);
      if (write.method === 'none') return 'unchanged';
      await (write.method === 'PUT' ? client.put(kind, id, write.body) : client.patch(kind, id, write.body));
      return 'updated';
    },
  };
  return client;
}

function resourceIn({ body }: Answer): GoogleResource {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new TransientError('google-unavailable', 'Google Wallet answered something that is not a resource.');
  }
  return body as GoogleResource;
}

/** Google's error envelope: `{error: {code, message, errors: [{message, domain, reason}]}}`. */
function readError(body: unknown): { reason: string; fields: string[] } {
  const error = (body as { error?: { message?: unknown; errors?: { reason?: unknown }[] } } | undefined)?.error;
  const reason = Array.isArray(error?.errors) ? error.errors[0]?.reason : undefined;
  // Google's sentence may quote values of the pass, so only the names of schema fields are taken from it, to be shown.
  const sentence = typeof error?.message === 'string' ? error.message : '';
  const words = sentence.match(/[A-Za-z]+/g) ?? [];
  const fields = [...new Set(words.filter((word) => isFieldName(word)))].slice(0, 10);
  return { reason: typeof reason === 'string' && /^[A-Za-z_]{1,60}$/.test(reason) ? reason : 'unknown', fields };
}

function classify({ status, headers, body }: Answer): PermanentError | TransientError {
  const { reason, fields } = readError(body);
  const details = { status, reason, fields: fields.join(', ') };
  const permanent = (code: string, message: string) => new PermanentError(code, message, details);
  const delay = retryAfterMs(headers.get('retry-after'), Date.now());
  // A quota and a missing right both come as 403: only the reason tells them apart.
  if (status === 429 || (status === 403 && QUOTA_REASONS.has(reason))) {
    return new TransientError('google-quota', `Google's quota is used up (${reason}).`, delay ?? 1_000);
  }
  if (mayPass(status) || isOfFrontEnd(status, body)) {
    return new TransientError('google-unavailable', `Google Wallet answered ${status}.`, delay);
  }
  if (status === 401) {
    return permanent(
      'google-unauthorized',
      'Google refused a fresh access token; check that the Wallet API is enabled.',
    );
  }
  if (status === 403) {
    return permanent(
      'google-permission-denied',
      `Google denies access (${reason}); invite the service account as a user of the issuer in the Google Pay & Wallet Console.`,
    );
  }
  if (status === 404)
    return permanent('google-not-found', 'Google does not know this id; insert the class or object first.');
  if (status === 409)
    return permanent(
      'google-exists',
      'Google holds a resource of another type under this id; choose another classSuffix.',
    );
  const named = fields.length > 0 ? ` It names: ${fields.join(', ')}.` : '';
  return permanent(
    status === 400 ? 'google-invalid-resource' : 'google-refused',
    `Google refused the request (${status}, ${reason}).${named} Check the pass type with "passrelay tenant validate".`,
  );
}
