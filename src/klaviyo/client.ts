import { needingScopes } from './api-failures.js';
import { customObjectCalls } from './custom-object-calls.js';
import { ingestionLogCalls } from './ingestion-logs.js';
import { profileImportCalls } from './profile-import-calls.js';
import { many, one, onePage, type Page, type Resource } from './resources.js';
import { subscriptionCalls } from './subscriptions.js';
import { createTransport, type TransportOptions } from './transport.js';
import type { JsonApiBody } from './write-back.js';

export type { Resource } from './resources.js';

/** How a profile can be looked up. */
export type ProfileAttribute = 'id' | 'email' | 'phone_number' | 'external_id';

const quoted = (value: string) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** Filter of `GET /api/profiles`, not yet percent-encoded: `equals(email,"a@x.org")` or `any(email,["…"])`. */
export function profileFilter(attribute: ProfileAttribute, values: readonly string[]): string {
  return values.length === 1
    ? `equals(${attribute},${quoted(values[0]!)})`
    : `any(${attribute},[${values.map(quoted).join(',')}])`;
}

const READ_SCOPE = 'Klaviyo shows no profiles to this key: give it profiles:read, then retry the operation.';

const MEMBERS_SCOPE =
  'Klaviyo shows no members to this key: give it profiles:read, segments:read and lists:read, then create the campaign again.';

const SUBSCRIPTIONS = `${encodeURIComponent('additional-fields[profile]')}=subscriptions`;

export type KlaviyoClient = ReturnType<typeof createKlaviyoClient>;

/**
 * Klaviyo's API for one account. No retries and no rate limit inside: Temporal owns the one, `rate-windows` the other.
 * Errors are PermanentError or TransientError, see `createTransport`.
 */
export function createKlaviyoClient(options: TransportOptions) {
  const send = createTransport(options);
  const profilePath = (id: string) => `/api/profiles/${encodeURIComponent(id)}`;
  return {
    /** Creates or updates a profile by the identifier in the body. */
    async importProfile(body: JsonApiBody): Promise<{ profile: Resource; created: boolean; partialFailure: string[] }> {
      const answer = await send('POST', '/api/profile-import', body);
      return { profile: one(answer), created: answer.status === 201, partialFailure: answer.partialFailure };
    },
    async patchProfile(id: string, body: JsonApiBody): Promise<{ profile: Resource; partialFailure: string[] }> {
      const answer = await send('PATCH', profilePath(id), body);
      return { profile: one(answer), partialFailure: answer.partialFailure };
    },
    /** With `subscriptions`, which Klaviyo leaves out otherwise. */
    async getProfile(id: string): Promise<Resource> {
      return one(await needingScopes(READ_SCOPE, () => send('GET', `${profilePath(id)}?${SUBSCRIPTIONS}`)));
    },
    /** Profiles whose attribute is one of at most 100 values, with `subscriptions`. */
    async findProfiles(attribute: ProfileAttribute, values: readonly string[]): Promise<Resource[]> {
      if (values.length === 0) return [];
      const filter = encodeURIComponent(profileFilter(attribute, values));
      const page = `${encodeURIComponent('page[size]')}=100`;
      const path = `/api/profiles?filter=${filter}&${SUBSCRIPTIONS}&${page}`;
      return many(await needingScopes(READ_SCOPE, () => send('GET', path)));
    },
    /** Accepted, not yet processed: Klaviyo answers 202 without a body. */
    async createEvent(body: JsonApiBody): Promise<{ partialFailure: string[] }> {
      return { partialFailure: (await send('POST', '/api/events', body)).partialFailure };
    },
    /** Up to 1,000 events in one job; each body as for `createEvent`. */
    async createEvents(bodies: readonly JsonApiBody[]): Promise<{ partialFailure: string[] }> {
      const data = bodies.map(({ data: { attributes } }) => {
        const { profile, backfill, ...event } = attributes;
        return {
          type: 'event-bulk-create',
          attributes: {
            ...(backfill !== undefined && { backfill }),
            profile,
            events: { data: [{ type: 'event', attributes: event }] },
          },
        };
      });
      const body = { data: { type: 'event-bulk-create-job', attributes: { 'events-bulk-create': { data } } } };
      return { partialFailure: (await send('POST', '/api/event-bulk-create-jobs', body)).partialFailure };
    },
    /** The next 100 members of a segment or list, with what names them. */
    async getMembers(of: 'segments' | 'lists', id: string, cursor: string | null): Promise<Page> {
      const query = new URLSearchParams({
        'fields[profile]': 'email,phone_number,external_id',
        'page[size]': '100',
        ...(cursor !== null && { 'page[cursor]': cursor }),
      });
      const path = `/api/${of}/${encodeURIComponent(id)}/profiles?${query.toString()}`;
      return onePage(await needingScopes(MEMBERS_SCOPE, () => send('GET', path)));
    },
    async getAccounts(): Promise<Resource[]> {
      return many(await send('GET', '/api/accounts'));
    },
    ...profileImportCalls(send),
    ...customObjectCalls(send),
    ...ingestionLogCalls(send),
    ...subscriptionCalls(send),
  };
}
