import type { CallbackResult } from './callbacks.js';
import type { Fault, Faults } from './faults.js';
import { readFault } from './faults.js';
import type { createGoogleOauth, KnownAccount, SimulatedServiceAccount } from './oauth.js';
import { KINDS, type GoogleSettings, type GoogleStore, type Kind } from './store.js';
import { GoogleRefusal, type Resource } from './validate.js';

export interface Answer {
  status: number;
  body?: unknown;
  html?: string;
  headers?: Record<string, string>;
}

export interface Asked {
  method: string;
  url: URL;
  authorization: string | undefined;
  body: string;
}

export interface GoogleBackend {
  store: GoogleStore;
  oauth: ReturnType<typeof createGoogleOauth>;
  settings: GoogleSettings;
  faults: Faults;
  clock: () => number;
  rootKeys: () => unknown;
  makeAccount: (issuerIds?: string[]) => SimulatedServiceAccount;
  holder: (objectId: string, eventType: 'save' | 'del') => Promise<CallbackResult>;
}

/** Google's error envelope. */
export const errorAnswer = (code: number, reason: string, message: string): Answer => ({
  status: code,
  body: { error: { code, message, errors: [{ message, domain: 'walletobjects', reason }] } },
});

export const faultAnswer = (fault: Fault): Answer => {
  const status = fault.status!;
  const reason = fault.reason ?? (status === 429 ? 'rateLimitExceeded' : status >= 500 ? 'backendError' : 'simulated');
  const headers = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
  return { ...errorAnswer(status, reason, 'Simulated fault'), headers };
};

/** The HTTP surface as a function of a request: Google's endpoints, the save page, and the simulator's own controls. */
export function createGoogleRoutes(backend: GoogleBackend): (asked: Asked) => Promise<Answer> {
  const { store, oauth, settings, faults, clock } = backend;
  const sentAtMs = new Map<string, number[]>();

  function checkQuota(account: KnownAccount): void {
    if (settings.requestsPerSecond === null) return;
    const project = account.project_id ?? account.client_email;
    const recent = (sentAtMs.get(project) ?? []).filter((at) => at > clock() - 1_000);
    if (recent.length >= settings.requestsPerSecond) {
      throw new GoogleRefusal(403, 'quotaExceeded', 'Quota exceeded for requests per second');
    }
    sentAtMs.set(project, [...recent, clock()]);
  }

  function wallet(asked: Asked, parts: string[]): Answer {
    const account = oauth.bearer(asked.authorization);
    if (!account) return errorAnswer(401, 'authError', 'Invalid Credentials');
    checkQuota(account);
    const [kind, encodedId, action, ...rest] = parts as [Kind, ...string[]];
    if (!KINDS.includes(kind) || rest.length > 0) return errorAnswer(404, 'notFound', 'Not Found');
    const id = encodedId === undefined ? undefined : decodeURIComponent(encodedId);
    const body = ['POST', 'PUT', 'PATCH'].includes(asked.method) ? parseJson(asked.body) : undefined;
    checkIssuer(account, id ?? (body as Resource | undefined)?.['id']);
    const route = `${asked.method} ${id === undefined ? 'all' : 'one'}${action === undefined ? '' : `/${action}`}`;
    switch (route) {
      case 'POST all':
        return { status: 200, body: store.insert(kind, body) };
      case 'GET all': {
        const parent = asked.url.searchParams.get(kind.endsWith('Class') ? 'issuerId' : 'classId') ?? '';
        return { status: 200, body: { resources: store.list(kind, parent) } };
      }
      case 'GET one':
        return { status: 200, body: store.get(kind, id!) };
      case 'PATCH one':
        return { status: 200, body: store.patch(kind, id!, body) };
      case 'PUT one':
        return { status: 200, body: store.put(kind, id!, body) };
      case 'POST one/addMessage':
        return { status: 200, body: { resource: store.addMessage(kind, id!, body) } };
      default:
        // Google has no DELETE: the end of a pass is a state.
        return errorAnswer(404, 'notFound', 'Not Found');
    }
  }

  async function savePage(jwt: string): Promise<Answer> {
    const page = (status: number, text: string): Answer => ({
      status,
      html: `<!doctype html><title>Wallet</title><p>${text}</p>`,
    });
    if (jwt.length > 1_800) return page(414, 'The link is too long.');
    const read = oauth.readJwt(jwt);
    if ('wrong' in read) return page(400, `Something went wrong: ${read.wrong}.`);
    const { aud, typ, iat, payload } = read.claims;
    if (aud !== 'google' || typ !== 'savetowallet' || typeof iat !== 'number') {
      return page(400, 'Something went wrong: aud, typ or iat.');
    }
    const entries = Object.entries((payload ?? {}) as Record<string, Resource[]>);
    const ids: string[] = [];
    for (const [plural, resources] of entries) {
      const kind = plural.replace(/Objects$/, 'Object') as Kind;
      if (!KINDS.includes(kind) || !plural.endsWith('Objects') || !Array.isArray(resources)) {
        return page(400, 'Something went wrong: the payload.');
      }
      for (const resource of resources) {
        const id = String(resource['id']);
        // A JWT inserts what is unknown, and never changes what exists.
        if (!store.objects.has(id)) store.insert(kind, resource);
        store.get(kind, id);
        ids.push(id);
      }
    }
    if (ids.length === 0) return page(400, 'Something went wrong: nothing to save.');
    for (const id of ids) await backend.holder(id, 'save');
    return page(200, 'Saved to Google Wallet.');
  }

  async function control(asked: Asked, parts: string[]): Promise<Answer> {
    const [noun, id, verb] = parts;
    const route = `${asked.method} ${noun}${verb === undefined ? '' : `/${verb}`}`;
    if (route === 'GET objects') return { status: 200, body: { objects: [...store.objects.values()] } };
    if (route === 'GET classes') return { status: 200, body: { classes: [...store.classes.values()] } };
    if (route === 'DELETE faults') {
      faults.clear();
      return { status: 204 };
    }
    if (route === 'POST faults') {
      const fault = readFault(parseJson(asked.body));
      if (typeof fault === 'string') return { status: 400, body: { error: fault } };
      faults.add(fault);
      return { status: 201, body: fault };
    }
    if (route === 'POST service-accounts') return { status: 201, body: backend.makeAccount() };
    if (route === 'POST objects/save' || route === 'POST objects/remove') {
      return { status: 200, body: await backend.holder(decodeURIComponent(id!), verb === 'save' ? 'save' : 'del') };
    }
    return { status: 404, body: { error: 'unknown control' } };
  }

  return async (asked) => {
    const { pathname } = asked.url;
    const parts = pathname.split('/').slice(1);
    try {
      if (parts[0] === 'simulator') return await control(asked, parts.slice(1));
      if (asked.method === 'POST' && pathname === '/token') return oauth.grant(new URLSearchParams(asked.body));
      if (asked.method === 'GET' && pathname === '/gp/m/issuer/keys') {
        return { status: 200, body: backend.rootKeys(), headers: { 'cache-control': 'public, max-age=3600' } };
      }
      if (asked.method === 'GET' && pathname.startsWith('/gp/v/save/')) return await savePage(parts[3]!);
      if (pathname.startsWith('/walletobjects/v1/')) return wallet(asked, parts.slice(2));
      return errorAnswer(404, 'notFound', 'Not Found');
    } catch (error) {
      if (error instanceof GoogleRefusal) return errorAnswer(error.status, error.reason, error.message);
      throw error;
    }
  };
}

function checkIssuer(account: KnownAccount, id: unknown): void {
  const issuer = typeof id === 'string' ? id.split('.')[0]! : undefined;
  if (issuer !== undefined && account.issuer_ids && !account.issuer_ids.includes(issuer)) {
    throw new GoogleRefusal(403, 'permissionDenied', 'Permission denied.');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GoogleRefusal(400, 'parseError', 'Parse Error');
  }
}
