import type { Wallet } from './wallet.js';
import type { JsonValue } from '../common/json.js';
import type { MessageClass, MessageContent } from './message.js';

/** One identifier in normal form: `kind` is email, phone, customerId, serialNumber, passTemplate, externalId or a tenant's own. */
export interface Identifier {
  kind: string;
  value: string;
}

/** What a push-update asks for, as kept in `operations.input`. */
export interface PushUpdateInput {
  identifiers: Identifier[];
  passType: string | null;
  data: Record<string, JsonValue>;
  updateMetadata: boolean;
  /** A guard of the sender's own that only moves forward, where given. */
  version?: string | null;
  /** The pass had expired, and was made valid again when this was accepted: its holders are notified in any case. */
  renewed?: boolean;
}

/** What an issue-pass asks for; the serial number is drawn at acceptance, so that a retry meets its own pass. */
export interface IssuePassInput {
  passTypeId: string;
  serialNumber: string;
  data: Record<string, JsonValue>;
  recipient: { email: string | null; phone: string | null; name: string | null };
  identifiers: Identifier[];
  externalId: string | null;
  customerId: string | null;
}

/** What a lifecycle call asks for. */
export interface LifecycleInput {
  passId: string;
}

/** What a device did: Apple registration or Google save. */
export interface DeviceEventInput {
  passId: string;
  platform: Wallet;
  event: 'installed' | 'uninstalled' | 'message-received';
  firstInstall: boolean;
  at: string;
  messageId?: string;
}

/** What a profile-sync asks for; absent keys mean no change. */
export interface ProfileSyncInput {
  /** email, phone, customerId, custom ones. */
  identifiers: Identifier[];
  klaviyoProfileId: string | null;
  attributes: Record<string, JsonValue>;
  properties: Record<string, JsonValue>;
  consent: JsonValue;
  version?: string | null;
  /** Written by fetch-profile: what Klaviyo said when it was asked. */
  fetched?: FetchedProfile | null;
  /** In which run Klaviyo was asked, and which of the profile ids that customers are known by it no longer knows. */
  asked?: { run: number; gone: string[] };
  /** Kinds of identifier that this customer gave up to another one: gone, unless the profile brings a new value. */
  handedOver?: string[];
}

/** The parts of a Klaviyo profile that a sync reads, still in Klaviyo's own words. */
export interface FetchedProfile {
  id: string;
  attributes: Record<string, JsonValue>;
  /** On a retry: what Klaviyo says of those who own an identifier that this profile brings. */
  owners?: OwnerAsked[];
}

/** Whether the profile of an identifier's present owner still has it in Klaviyo. */
export interface OwnerAsked {
  kind: string;
  value: string;
  customerId: string;
  holds: boolean;
}

/** What a merge of two customers asks for: ids, so that the operation itself holds nothing personal. */
export interface MergeCustomersInput {
  into: string;
  from: string;
}

/** Which operations a bulk retry takes; those accepted after it stay out. */
export interface RetryOperationsInput {
  filter: { status?: string; outcome?: string; kind?: string; from?: string; to?: string };
  perSecond: number;
}

/** What a migration of passes to the current version of their type asks for. */
export interface MigratePassesInput {
  passTypeId: string;
  /** Passes a minute. */
  perMinute: number;
}

/** How far a backfill is, as kept under its step. */
export interface BackfillProgress {
  total: number;
  /** Passes whose profile was written, or tried (`failed`). */
  done: number;
  /** Profiles and records that Klaviyo does not take. */
  failed: number;
  records: number;
  /** Id of the last pass that is done. */
  cursor: string | null;
  /** Id of the last pass whose record was sent, or refused alone. */
  recordsUpTo: string | null;
  /** How many profiles the next job takes, after one was refused as a whole. */
  profilesAtOnce?: number;
  /** Which version of the key was asked whether it may import in bulk, and whether it may. */
  bulk?: { key: string; allowed: boolean };
  /** How many records the next job takes, after one was refused for what is in it. */
  recordsAtOnce?: number;
  /** Records refused alone since the last that was taken. */
  refusedInARow?: number;
}

/** What an erasure asks for: an id, so that the operation itself holds nothing personal. */
export interface EraseCustomerInput {
  customerId: string;
}

/** Which campaign goes on; its progress is in its rows. */
export interface RunCampaignInput {
  campaignId: string;
}

/** A message to one pass: named by identifiers, or by `passId` where the address named it. */
export interface SendMessageInput {
  identifiers: Identifier[];
  passId?: string;
  content: MessageContent;
  class: MessageClass;
  /** ISO 8601 with a zone; null: it stays until newer ones take its place. */
  validUntil: string | null;
  /** From the moment that it is sent; null: not given. */
  validForSeconds: number | null;
  notBefore: string | null;
  respectQuietHours: boolean | null;
}

/** Takes a message off the wallets. */
export interface EndMessageInput {
  passId: string;
  messageId: string;
}

/** What an offer shows, and when. */
export interface OfferTerms {
  passType: string | null;
  fields: Record<string, JsonValue>;
  /** ISO 8601 with a zone; null: at once. */
  from: string | null;
  /** ISO 8601 with a zone; null where the length is given instead. */
  until: string | null;
  /** Instead: how long it lies there, from its beginning. */
  forSeconds: number | null;
  /** Higher ones lie on top; equal ones in the order of their acceptance. */
  priority: number;
  /** How often it can be redeemed; null: no limit. */
  uses: number | null;
  /** Whether phones speak at the end, too. */
  notifyAtEnd: boolean;
}

/** A new offer with its terms, or one that is due by its id. */
export interface StartOfferInput {
  identifiers?: Identifier[];
  passId?: string;
  terms?: OfferTerms;
  offerId?: string;
}

/** Takes an offer off its pass. */
export interface EndOfferInput {
  passId: string;
  offerId: string;
}

/** Kinds that name a pass and nothing else. */
export type LifecycleKind = 'void-pass' | 'expire-pass' | 'restore-pass' | 'delete-pass' | 'notify-pass';

/** What each kind of operation asks for, as kept in `operations.input`; its keys are all the kinds. */
export interface OperationInputs extends Record<LifecycleKind, LifecycleInput> {
  'push-update': PushUpdateInput;
  'issue-pass': IssuePassInput;
  'profile-sync': ProfileSyncInput;
  'device-event': DeviceEventInput;
  'migrate-passes': MigratePassesInput;
  backfill: Record<string, never>;
  'erase-customer': EraseCustomerInput;
  'merge-customers': MergeCustomersInput;
  'retry-operations': RetryOperationsInput;
  'run-campaign': RunCampaignInput;
  'send-message': SendMessageInput;
  'end-message': EndMessageInput;
  'start-offer': StartOfferInput;
  'end-offer': EndOfferInput;
}
