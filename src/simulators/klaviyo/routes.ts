import type { SimulatedAccount, SimulatedEvent } from './account.js';
import * as objects from './custom-objects.js';
import { notFound, type SimulatedAnswer } from './errors.js';
import { createEvent, createEvents } from './events.js';
import { listIngestionLogs } from './ingestion-logs.js';
import { MEMBER_ROUTES } from './members.js';
import { mergeByCall } from './merge-profiles.js';
import { IMPORT_ROUTES } from './profile-import-routes.js';
import { createProfile, importProfile, listProfiles, patchProfile, profileResource } from './profiles.js';
import type { Limit } from './rate-limits.js';
import { check } from './schemas.js';
import { subscribe } from './subscriptions.js';

export interface ApiCall {
  account: SimulatedAccount;
  /** Variable parts of the path, decoded. */
  id: string;
  query: URLSearchParams;
  body: unknown;
  nowMs: number;
  origin: string;
  recorded: (event: SimulatedEvent) => void;
}
export interface Route {
  method: 'GET' | 'POST' | 'PATCH';
  path: RegExp;
  limit: Limit;
  scopes: readonly string[];
  maxBytes?: number;
  handle: (call: ApiCall) => SimulatedAnswer;
}

const KB = 1024;
const MB = 1024 * KB;
const PROFILES = [75, 750] as const;
const OBJECTS = [3, 60] as const;
const read = ['custom-objects:read'];
const write = ['custom-objects:write'];

function account({ account: { id } }: ApiCall): SimulatedAnswer {
  const attributes = {
    test_account: true,
    contact_information: { organization_name: 'Simulated account' },
    timezone: 'UTC',
  };
  return { status: 200, body: { data: [{ type: 'account', id, attributes }] } };
}

function oneProfile({ account: from, id, query, origin }: ApiCall): SimulatedAnswer {
  const profile = from.profiles.get(id);
  if (!profile) throw notFound('A profile with that id does not exist.');
  const extra = (query.get('additional-fields[profile]') ?? '').split(',').includes('subscriptions');
  return { status: 200, body: { data: profileResource(profile, origin, extra) } };
}

/** The served part of Klaviyo's API with published limits, scopes and sizes. */
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: /^\/api\/accounts$/, limit: [1, 15], scopes: ['accounts:read'], handle: account },
  {
    method: 'GET',
    path: /^\/api\/profiles$/,
    limit: PROFILES,
    scopes: ['profiles:read'],
    handle: (c) => listProfiles(c.account, c.query, c.origin),
  },
  ...MEMBER_ROUTES,
  { method: 'GET', path: /^\/api\/profiles\/([^/]+)$/, limit: PROFILES, scopes: ['profiles:read'], handle: oneProfile },
  {
    method: 'POST',
    path: /^\/api\/profiles$/,
    limit: PROFILES,
    scopes: ['profiles:write'],
    maxBytes: 100 * KB,
    handle: (c) => createProfile(c.account, check('profileCreate', c.body), c.nowMs, c.origin),
  },
  {
    method: 'POST',
    path: /^\/api\/profile-import$/,
    limit: PROFILES,
    scopes: ['profiles:write'],
    maxBytes: 100 * KB,
    handle: (c) => importProfile(c.account, check('profileImport', c.body), c.nowMs, c.origin),
  },
  ...IMPORT_ROUTES,
  {
    method: 'PATCH',
    path: /^\/api\/profiles\/([^/]+)$/,
    limit: PROFILES,
    scopes: ['profiles:write'],
    maxBytes: 100 * KB,
    handle: (c) => patchProfile(c.account, c.id, check('profilePatch', c.body), c.nowMs, c.origin),
  },
  {
    method: 'POST',
    path: /^\/api\/profile-merge$/,
    limit: [10, 150],
    scopes: ['profiles:write'],
    maxBytes: 100 * KB,
    handle: (c) => mergeByCall(c.account, check('profileMerge', c.body), c.nowMs),
  },
  {
    method: 'POST',
    path: /^\/api\/events$/,
    limit: [350, 3500],
    scopes: ['events:write'],
    maxBytes: 5 * MB,
    handle: (c) => createEvent(c.account, check('event', c.body), c.nowMs, c.recorded),
  },
  {
    method: 'POST',
    path: /^\/api\/event-bulk-create-jobs$/,
    limit: [10, 150],
    scopes: ['events:write'],
    maxBytes: 5 * MB,
    handle: (c) => createEvents(c.account, check('eventBulk', c.body), c.nowMs, c.recorded),
  },
  {
    method: 'POST',
    path: /^\/api\/profile-subscription-bulk-create-jobs$/,
    limit: PROFILES,
    scopes: ['lists:write', 'profiles:write', 'subscriptions:write'],
    maxBytes: 5 * MB,
    handle: (c) => subscribe(c.account, check('subscriptionJob', c.body), c.nowMs),
  },
  {
    method: 'GET',
    path: /^\/api\/data-sources$/,
    limit: OBJECTS,
    scopes: read,
    handle: (c) => objects.listDataSources(c.account, c.query, c.origin),
  },
  {
    method: 'POST',
    path: /^\/api\/data-sources$/,
    limit: OBJECTS,
    scopes: write,
    handle: (c) => objects.createDataSource(c.account, check('dataSource', c.body)),
  },
  {
    method: 'POST',
    path: /^\/api\/data-source-record-create-jobs$/,
    limit: PROFILES,
    scopes: write,
    maxBytes: 512 * KB,
    handle: (c) => objects.createRecord(c.account, check('record', c.body), c.nowMs),
  },
  {
    method: 'POST',
    path: /^\/api\/data-source-record-bulk-create-jobs$/,
    limit: [3, 15],
    scopes: write,
    maxBytes: 4 * MB,
    handle: (c) => objects.createRecords(c.account, check('recordBulk', c.body), c.nowMs),
  },
  {
    method: 'GET',
    path: /^\/api\/object-types$/,
    limit: OBJECTS,
    scopes: read,
    handle: (c) => objects.listObjectTypes(c.account),
  },
  {
    method: 'POST',
    path: /^\/api\/object-types$/,
    limit: OBJECTS,
    scopes: write,
    handle: (c) => objects.createObjectType(c.account, check('objectType', c.body)),
  },
  {
    method: 'GET',
    path: /^\/api\/object-types\/([^/]+)\/draft-schema$/,
    limit: OBJECTS,
    scopes: read,
    handle: (c) => objects.readSchema(c.account, c.id, 'draft'),
  },
  {
    method: 'GET',
    path: /^\/api\/object-types\/([^/]+)\/current-schema$/,
    limit: OBJECTS,
    scopes: read,
    handle: (c) => objects.readSchema(c.account, c.id, 'active'),
  },
  {
    method: 'GET',
    path: /^\/api\/object-types\/([^/]+)\/object-ingestion-logs$/,
    limit: [1, 15],
    scopes: read,
    handle: (c) => listIngestionLogs(c.account, c.id, c.query, c.nowMs, c.origin),
  },
  {
    method: 'GET',
    path: /^\/api\/object-schemas\/([^/]+)\/source-mapping$/,
    limit: OBJECTS,
    scopes: read,
    handle: (c) => objects.readMapping(c.account, c.id),
  },
  {
    method: 'GET',
    path: /^\/api\/object-schemas\/([^/]+)\/relationships\/profile-object-schemas$/,
    limit: OBJECTS,
    scopes: read,
    handle: (c) => objects.listRelationships(c.account, c.id),
  },
  {
    method: 'POST',
    path: /^\/api\/object-schemas\/([^/]+)\/relationships\/profile-object-schemas$/,
    limit: OBJECTS,
    scopes: write,
    handle: (c) => objects.relateToProfiles(c.account, c.id, check('profileRelationship', c.body)),
  },
  {
    method: 'PATCH',
    path: /^\/api\/object-schemas\/([^/]+)$/,
    limit: OBJECTS,
    scopes: write,
    handle: (c) => objects.patchSchema(c.account, c.id, check('objectSchemaPatch', c.body)),
  },
  {
    method: 'PATCH',
    path: /^\/api\/source-mappings\/([^/]+)$/,
    limit: OBJECTS,
    scopes: write,
    handle: (c) => objects.patchMapping(c.account, c.id, check('sourceMappingPatch', c.body)),
  },
  {
    method: 'GET',
    path: /^\/api\/object-records\/([^/]+)$/,
    limit: OBJECTS,
    scopes: read,
    handle: (c) => objects.readObjectRecord(c.account, c.id),
  },
];
