import type {
  Accepted,
  AcceptedChange,
  AcceptedMessage,
  AcceptedOffer,
  Customer,
  Diagnosis,
  Delivery,
  IssuedPass,
  MerchantEvent,
  Message,
  Offer,
  Operation,
  OperationStatus,
  OperationSummary,
  Pass,
  PassTemplate,
  WebhookEndpoint,
} from './answers.js';
import { campaignCalls } from './campaigns.js';
import { createCall, type RequestOptions } from './request.js';
import { watch } from './watch.js';

export interface ClientOptions extends RequestOptions {
  tenantId: string;
}

export interface ProfileChange {
  email?: string | null;
  phone_number?: string | null;
  profile_id?: string;
  external_id?: string;
  first_name?: string | null;
  last_name?: string | null;
  properties?: Record<string, unknown>;
  consent?: unknown;
  /** `merchant`: your own system made the change and need not hear of it. */
  origin?: 'merchant';
}

/** Who holds the pass; all that are given must lead to the same person or pass. */
export interface Identifiers {
  email?: string | null;
  phone?: string | null;
  customerId?: string | number | null;
  serialNumber?: string;
  externalId?: string;
  /** Kinds of the tenant's own. */
  [kind: string]: string | number | null | undefined;
}

export interface IssueOrder {
  /** Id or name of the pass type; may be left out where the tenant has one only. */
  passTemplate?: string;
  pass?: Record<string, unknown>;
  recipient?: { email?: string | null; phone?: string | null; name?: string | null; [kind: string]: unknown };
  externalId?: string;
}

export interface PassUpdate {
  identifiers: Identifiers;
  /** Name or id of the type that the pass is converted to. */
  passType?: string;
  additionalData?: Record<string, unknown>;
  /** Takes the newest version of the design. */
  updateMetadata?: boolean;
}

/** A message to one pass: the lock screen says it once, the back of the card keeps it. */
export interface NewOffer {
  /** Values that the pass shows meanwhile; null hides one. */
  fields?: Record<string, unknown>;
  /** Name or id of the pass type that it shows meanwhile. */
  passType?: string;
  from?: string;
  /** A time, or a length such as "14 days". */
  until: string;
  priority?: number;
  uses?: number;
  /** Whether phones speak at the end, too. */
  notifyAtEnd?: boolean;
}

export interface NewMessage {
  /** A text, or texts by language ("en", "de"). */
  message: string | Record<string, string>;
  title?: string | Record<string, string>;
  /** An https address. */
  link?: string;
  /** `service` passes the cap, never the consent; default marketing. */
  class?: 'service' | 'marketing';
  /** When it goes by itself, or how long it stays ("3 days"); one of them. */
  validUntil?: string;
  validFor?: string;
  notBefore?: string;
  quietHours?: 'respect' | 'ignore';
}

export interface PassFilter {
  email?: string;
  phone?: string;
  customerId?: string;
  externalId?: string;
  passType?: string;
  state?: Pass['state'];
}

export interface OperationFilter {
  pass?: string;
  customer?: string;
  status?: OperationStatus;
  outcome?: string;
  kind?: string;
  from?: string;
  to?: string;
}

export type PassrelayClient = ReturnType<typeof createPassrelayClient>;

const ENDED: readonly OperationStatus[] = ['succeeded', 'failed', 'cancelled'];
const withKey = (key: string | undefined) => ({ headers: { 'idempotency-key': key ?? crypto.randomUUID() } });

function query(values: Record<string, string | number | undefined>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given}`;
}

/** The API of one tenant, for programs: fetch only, retries and paging built in. */
export function createPassrelayClient(options: ClientOptions) {
  const call = createCall(options);
  const tenant = `/api/${encodeURIComponent(options.tenantId)}`;
  const operation = (id: string, what = '') => `${tenant}/operations/${encodeURIComponent(id)}${what}`;
  const endpoint = (id: string, what = '') => `${tenant}/webhook-endpoints/${encodeURIComponent(id)}${what}`;
  const sleep = options.sleep ?? ((ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));

  /** Pages behind a cursor, one item at a time. */
  async function* pages<K extends string, T>(
    path: string,
    key: K,
    filter: Record<string, string | number | undefined>,
  ) {
    let cursor: string | undefined;
    do {
      const page = await call<Record<K, T[]> & { next: string | null }>('GET', path + query({ ...filter, cursor }));
      yield* page[key];
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  const pass = (serialNumber: string, what = '') => `/v1/passes/${encodeURIComponent(serialNumber)}${what}`;
  /** Changes the state of a pass, or tells its wallets again; accepted, and followed as an operation. */
  const change = (what: 'void' | 'expire' | 'restore' | 'notify') => (serialNumber: string, idempotencyKey?: string) =>
    call<AcceptedChange>('POST', pass(serialNumber, `/${what}`), undefined, withKey(idempotencyKey));

  return {
    ...campaignCalls(options, call, tenant),
    /** Issues a pass; a recipient who holds one of this type has it updated. Its link works when the answer is there. */
    issuePass: (order: IssueOrder, idempotencyKey?: string) =>
      call<IssuedPass>('POST', '/v1/passes', { pass: {}, ...order }, withKey(idempotencyKey)),
    /** Changes fields of one pass by its serial number. */
    updatePass: (serialNumber: string, data: Record<string, unknown>, idempotencyKey?: string) =>
      call<AcceptedChange>('PATCH', pass(serialNumber), { pass: data }, withKey(idempotencyKey)),
    /** Changes the pass of somebody, as a flow of Klaviyo does; returns where to follow it. */
    pushUpdate: (update: PassUpdate, idempotencyKey?: string) =>
      call.accepted(`${tenant}/webhooks/listeners/klaviyo/passes/pushUpdate`, update, withKey(idempotencyKey)),
    voidPass: change('void'),
    expirePass: change('expire'),
    restorePass: change('restore'),
    notifyPass: change('notify'),
    /** Sends a message to one pass; `waitForOperation(messageId)` says what became of it. */
    sendMessage: (serialNumber: string, message: NewMessage, idempotencyKey?: string) =>
      call<AcceptedMessage>('POST', pass(serialNumber, '/messages'), message, withKey(idempotencyKey)),
    /** The last messages of a pass, newest first. */
    listMessages: async (serialNumber: string) =>
      (await call<{ messages: Message[] }>('GET', pass(serialNumber, '/messages'))).messages,
    /** Takes a message off the wallets at once. */
    endMessage: (serialNumber: string, messageId: string) =>
      call<AcceptedMessage>('DELETE', pass(serialNumber, `/messages/${encodeURIComponent(messageId)}`)),
    /** Lays an offer over one pass; it goes by itself. `waitForOperation(operationId)` says whether it is there. */
    startOffer: (serialNumber: string, offer: NewOffer, idempotencyKey?: string) =>
      call<AcceptedOffer>('POST', pass(serialNumber, '/offers'), offer, withKey(idempotencyKey)),
    /** The last offers of a pass, newest first. */
    listOffers: async (serialNumber: string) =>
      (await call<{ offers: Offer[] }>('GET', pass(serialNumber, '/offers'))).offers,
    /** Ends an offer before its time. */
    endOffer: (serialNumber: string, offerId: string) =>
      call<AcceptedOffer>('DELETE', pass(serialNumber, `/offers/${encodeURIComponent(offerId)}`)),
    deletePass: (serialNumber: string, idempotencyKey?: string) =>
      call<AcceptedChange>('DELETE', pass(serialNumber), undefined, withKey(idempotencyKey)),
    /** Newest first. */
    listPasses: (filter: PassFilter = {}) => pages<'passes', Pass>('/v1/passes', 'passes', { ...filter }),
    /** Why a phone does or does not show the newest state. */
    diagnosePass: (serialNumber: string) => call<Diagnosis>('GET', pass(serialNumber, '/diagnosis')),
    listPassTemplates: async () =>
      (await call<{ passTemplates: PassTemplate[] }>('GET', '/v1/pass-templates')).passTemplates,

    /** Carries a changed profile to the customer and every pass. */
    syncProfile: (change: ProfileChange, idempotencyKey?: string) =>
      call<Accepted>('POST', `${tenant}/webhooks/listeners/klaviyo/profiles/sync`, change, withKey(idempotencyKey)),

    getOperation: (correlationId: string) => call<Operation>('GET', operation(correlationId)),
    /** Newest first. */
    listOperations: (filter: OperationFilter = {}) =>
      pages<'operations', OperationSummary>(`${tenant}/operations`, 'operations', { ...filter }),
    /** Looks until the operation has ended; throws after `timeoutMs` (default one minute). */
    async waitForOperation(correlationId: string, timeoutMs = 60_000, everyMs = 500): Promise<Operation> {
      const endMs = Date.now() + timeoutMs;
      for (;;) {
        const found = await call<Operation>('GET', operation(correlationId));
        if (ENDED.includes(found.status)) return found;
        if (Date.now() > endMs) throw new Error(`operation ${correlationId} is still ${found.status}`);
        await sleep(everyMs);
      }
    },
    /** The operation at each change, until it has ended: the stream of server-sent events, taken up again where it broke. */
    watchOperation: (correlationId: string) => watch<Operation>(options, operation(correlationId, '/events')),
    retryOperation: (correlationId: string) =>
      call<Accepted & { run: number }>('POST', operation(correlationId, '/retry')),
    retryOperations: (
      filter: { status?: string; outcome?: string; kind?: string; from?: string; to?: string },
      perSecond = 10,
    ) => call<Accepted>('POST', `${tenant}/operations/retry`, { filter, perSecond }, withKey(undefined)),
    cancelOperation: (correlationId: string) => call<Accepted>('POST', operation(correlationId, '/cancel')),

    /** By your own id of the customer, or by ours. */
    getCustomer: (customerId: string) => call<Customer>('GET', `${tenant}/customers/${encodeURIComponent(customerId)}`),
    getPass: (serialNumber: string) => call<Pass>('GET', `/v1/passes/${encodeURIComponent(serialNumber)}`),

    /** One answer of the stream; keep `next` and come back with it. */
    pullEvents: (pull: { after?: string; types?: readonly string[]; limit?: number } = {}) =>
      call<{ events: MerchantEvent[]; next: string; more: boolean }>(
        'GET',
        `${tenant}/events${query({ ...pull, types: pull.types?.join(',') })}`,
      ),
    /** Every event after a place in the stream, until its present end. */
    async *events(after?: string, types?: readonly string[]): AsyncGenerator<MerchantEvent, string> {
      let next = after;
      for (;;) {
        const page: { events: MerchantEvent[]; next: string; more: boolean } = await call(
          'GET',
          `${tenant}/events${query({ after: next, types: types?.join(','), limit: 500 })}`,
        );
        yield* page.events;
        next = page.next;
        if (!page.more) return next;
      }
    },

    createWebhookEndpoint: (url: string, eventTypes?: readonly string[]) =>
      call<WebhookEndpoint & { secret: string }>(
        'POST',
        `${tenant}/webhook-endpoints`,
        { url, eventTypes },
        { once: true },
      ),
    listWebhookEndpoints: async () =>
      (await call<{ endpoints: WebhookEndpoint[] }>('GET', `${tenant}/webhook-endpoints`)).endpoints,
    getWebhookEndpoint: (id: string) => call<WebhookEndpoint>('GET', endpoint(id)),
    updateWebhookEndpoint: (id: string, change: { url?: string; eventTypes?: readonly string[] }) =>
      call<WebhookEndpoint>('PATCH', endpoint(id), change),
    deleteWebhookEndpoint: (id: string) => call<null>('DELETE', endpoint(id)),
    enableWebhookEndpoint: (id: string) => call<WebhookEndpoint>('POST', endpoint(id, '/enable')),
    rotateWebhookSecret: (id: string, oldSecretValidHours = 24) =>
      call<{ secret: string; oldSecretValidUntil: string }>(
        'POST',
        endpoint(id, '/rotate'),
        { oldSecretValidHours },
        { once: true },
      ),
    sendTestEvent: (id: string) => call<{ eventId: string; deliveryId: string }>('POST', endpoint(id, '/test')),
    /** Newest first. */
    listDeliveries: (filter: { endpoint?: string; status?: Delivery['status'] } = {}) =>
      pages<'deliveries', Delivery>(`${tenant}/deliveries`, 'deliveries', { ...filter }),
    redeliver: (deliveryId: string) =>
      call<null>('POST', `${tenant}/deliveries/${encodeURIComponent(deliveryId)}/redeliver`),
    redeliverFailed: (id: string) => call<{ redelivered: number }>('POST', endpoint(id, '/redeliver')),
  };
}
