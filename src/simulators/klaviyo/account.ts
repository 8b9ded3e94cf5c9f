import { randomBytes } from 'node:crypto';
import type { Json } from './errors.js';
import type { RateUse } from './rate-limits.js';

export interface SimulatedProfile {
  id: string;
  attributes: Json & { properties: Json };
  subscriptions: Json;
  created: string;
  updated: string;
}
export interface SimulatedEvent {
  id: string;
  metric: string;
  profileId: string;
  uniqueId: string;
  time: string;
  properties: Json;
  backfill: boolean;
}
export interface SimulatedRecord {
  dataSourceId: string;
  record: Json;
  /** It was taken, and found not to fit its object afterwards. */
  refused?: true;
}

/** One entry of an object's ingestion logs, as the API answers it. */
export interface SimulatedIngestionLog {
  objectTypeId: string;
  recordId: string;
  atMs: number;
  resource: Json;
}
export interface SimulatedObjectType {
  id: string;
  title: string;
  schemaId: string;
  mappingId: string;
  status: 'draft' | 'active';
  properties: { id: number; name: string; type: string }[];
  propertyMappings: { id: number; source: { source_id: string; id_path: string; data_path: string } }[];
  relationshipMappings: Json[];
  relationships: { id: string; name: string }[];
}

/** A bulk import: worked on some time after its acceptance, as Klaviyo does. */
export interface SimulatedImportJob {
  id: string;
  profiles: Json[];
  createdMs: number;
  /** When its profiles are there. */
  endsMs: number;
  ended: boolean;
  errors: Json[];
}

/** Everything that one Klaviyo account holds. */
export interface SimulatedAccount {
  id: string;
  apiKey: string;
  /** Private custom objects are a paid feature: without it POST /api/object-types is 403. */
  customObjects: boolean;
  /** Scopes of the key, such as `profiles:write`; undefined means all. */
  scopes: readonly string[] | undefined;
  rateLimits: boolean;
  rateUse: Map<string, RateUse>;
  profiles: Map<string, SimulatedProfile>;
  /** Profiles by what they are known by; some may have gone, or be known by something else now. */
  byIdentifier: Map<string, Set<SimulatedProfile>>;
  importJobs: Map<string, SimulatedImportJob>;
  /** Id of a segment or list to the e-mail addresses of its members. */
  groups: Map<string, readonly string[]>;
  events: Map<string, SimulatedEvent>;
  records: SimulatedRecord[];
  ingestionLogs: SimulatedIngestionLog[];
  dataSources: Map<string, Json>;
  objectTypes: Map<string, SimulatedObjectType>;
  /** Attributes of the subscription jobs, in their order. */
  subscriptionJobs: Json[];
}

export interface AccountOptions {
  apiKey: string;
  id?: string;
  customObjects?: boolean;
  scopes?: readonly string[];
  rateLimits?: boolean;
  groups?: Readonly<Record<string, readonly string[]>>;
}

export function createAccount(options: AccountOptions): SimulatedAccount {
  return {
    id: options.id ?? newId().slice(0, 6),
    apiKey: options.apiKey,
    customObjects: options.customObjects ?? true,
    scopes: options.scopes,
    rateLimits: options.rateLimits ?? true,
    rateUse: new Map(),
    profiles: new Map(),
    byIdentifier: new Map(),
    importJobs: new Map(),
    groups: new Map(Object.entries(options.groups ?? {})),
    events: new Map(),
    records: [],
    ingestionLogs: [],
    dataSources: new Map(),
    objectTypes: new Map(),
    subscriptionJobs: [],
  };
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** An id in the form of Klaviyo's: 26 letters and digits. */
export const newId = (): string => `01${[...randomBytes(24)].map((byte) => ALPHABET[byte % 32]).join('')}`;
