import type { IncomingMessage } from 'node:http';
import type { SimulatedAccount, SimulatedEvent } from './account.js';
import { invalid, KlaviyoFault, notFound, type SimulatedAnswer } from './errors.js';
import { endImports } from './profile-imports.js';
import { countCall } from './rate-limits.js';
import { ROUTES, type Route } from './routes.js';

const HARD_LIMIT_BYTES = 6 * 1024 * 1024;
const MEDIA_TYPE = /^application\/(vnd\.api\+)?json\s*(;|$)/i;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > HARD_LIMIT_BYTES)
      throw new KlaviyoFault(413, 'payload_too_large', 'Payload too large.', 'The body is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function accountOf(request: IncomingMessage, accounts: readonly SimulatedAccount[]): SimulatedAccount {
  const key = /^Klaviyo-API-Key (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  const account = accounts.find(({ apiKey }) => apiKey === key);
  if (!account) {
    const text = 'Incorrect authentication credentials.';
    throw new KlaviyoFault(401, 'authentication_failed', text, text);
  }
  return account;
}

function findRoute(method: string, path: string): { route: Route; id: string } {
  const there = ROUTES.filter((route) => route.path.test(path));
  const route = there.find((one) => one.method === method);
  if (there.length > 0 && !route) {
    throw new KlaviyoFault(405, 'method_not_allowed', 'Method not allowed.', `Method "${method}" not allowed.`);
  }
  if (!route) throw notFound('The path does not exist.');
  return { route, id: decodeURIComponent(route.path.exec(path)![1] ?? '') };
}

function parseBody(request: IncomingMessage, raw: Buffer, route: Route): unknown {
  if (route.method === 'GET') return undefined;
  if (!MEDIA_TYPE.test(request.headers['content-type'] ?? '')) {
    throw new KlaviyoFault(415, 'unsupported_media_type', 'Unsupported media type.', 'Send application/vnd.api+json.');
  }
  if (route.maxBytes !== undefined && raw.length > route.maxBytes) {
    throw new KlaviyoFault(413, 'payload_too_large', 'Payload too large.', `At most ${route.maxBytes} bytes.`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown;
  } catch {
    throw invalid('The body is not valid JSON.', '/');
  }
}

/** 2024's revisions are retired. */
const OLDEST_REVISION = '2025-01-15';

/** One API call: key, revision, route, scope, rate limit, body, effect. Throws KlaviyoFault. */
export function answerCall(
  request: IncomingMessage,
  raw: Buffer,
  url: URL,
  accounts: readonly SimulatedAccount[],
  nowMs: number,
  recorded: (account: SimulatedAccount, event: SimulatedEvent) => void,
): SimulatedAnswer {
  const account = accountOf(request, accounts);
  const revision = request.headers['revision'];
  if (typeof revision !== 'string' || !/^\d{4}-\d{2}-\d{2}(\.pre)?$/.test(revision)) {
    throw new KlaviyoFault(400, 'invalid', 'Invalid input.', 'A revision header is required.', {
      parameter: 'revision',
    });
  }
  // A retired revision is answered in a newer one, unless the caller has opted out of that.
  if (revision < OLDEST_REVISION && request.headers['x-klaviyo-revision-fall-forward-opt-out'] === '1') {
    throw new KlaviyoFault(410, 'gone', 'Gone.', `Revision ${revision} is no longer served.`, {
      parameter: 'revision',
    });
  }
  endImports(account, nowMs);
  const { route, id } = findRoute(request.method ?? 'GET', url.pathname.replace(/(?<=.)\/$/, ''));
  const missing = route.scopes.find((scope) => account.scopes && !account.scopes.includes(scope));
  if (missing) {
    throw new KlaviyoFault(403, 'forbidden', 'Forbidden.', `The API key lacks the scope ${missing}.`);
  }
  const limits = account.rateLimits
    ? countCall(account.rateUse, `${route.method} ${route.path.source}`, route.limit, nowMs)
    : {};
  const body = parseBody(request, raw, route);
  const answer = route.handle({
    account,
    id,
    query: url.searchParams,
    body,
    nowMs,
    origin: url.origin,
    recorded: (event) => recorded(account, event),
  });
  return { ...answer, headers: { ...limits, ...answer.headers } };
}
