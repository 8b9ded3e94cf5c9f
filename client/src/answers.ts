export type * from './campaign-answers.js';

/** An accepted request; its status is under `statusUrl` from now on. */
export interface Accepted {
  correlationId: string;
  statusUrl: string;
}

/** An accepted change of one pass; follow it by `operationId`. */
export interface AcceptedChange {
  id: string;
  serialNumber: string;
  operationId: string;
  links: { operation: string; pass: string };
}

export interface AcceptedMessage {
  messageId: string;
  operationId: string;
  statusUrl: string;
}

export interface AcceptedOffer {
  offerId: string;
  operationId: string;
  statusUrl: string;
}

/** A time-boxed offer on a pass. */
export interface Offer {
  offerId: string;
  state: 'planned' | 'active' | 'ended';
  passType: string | null;
  fields: Record<string, unknown>;
  from: string;
  until: string;
  priority: number;
  uses: number | null;
  used: number;
  /** Its pass of its own beside the card; `refused`: the card shows its values. */
  google: { objectId: string; state: 'begun' | 'linked' | 'refused' | 'ended' } | null;
  startedAt: string | null;
  endedAt: string | null;
  statusUrl: string;
}

/** A message to a pass. Google tells nobody what a phone received: there `receivedAt` stays null. */
export interface Message {
  messageId: string;
  class: 'service' | 'marketing';
  state: 'sending' | 'sent' | 'ended';
  message: string | Record<string, string>;
  title: string | Record<string, string> | null;
  link: string | null;
  sentAt: string | null;
  receivedAt: string | null;
  validUntil: string | null;
  endedAt: string | null;
  statusUrl: string;
}

export type OperationStatus = 'accepted' | 'running' | 'retrying' | 'succeeded' | 'failed' | 'cancelled';

export interface OperationStep {
  step: string;
  state: 'waiting' | 'running' | 'retrying' | 'succeeded' | 'failed' | 'skipped';
  attempts: number;
  startedAt: string;
  endedAt: string | null;
  lastError: { code: string; message: string } | null;
  detail: Record<string, unknown>;
}

export interface OperationSummary {
  correlationId: string;
  acceptanceSequence: string;
  kind: string;
  status: OperationStatus;
  outcome: string | null;
  reason: string | null;
  origin: string;
  flowId: string | null;
  test: boolean;
  acceptedAt: string;
  startedAt: string | null;
  endedAt: string | null;
  pass: { id: string; serialNumber: string | null } | null;
  customerId: string | null;
  /** Kinds of identifiers that led to the pass. */
  matched: string[];
  changedFields: string[];
  revision: number | null;
  run: number;
  links: { self: string; temporal: string | null };
}

export interface Operation extends OperationSummary {
  steps: OperationStep[];
  devices: {
    platform: string;
    deviceId: string | null;
    state: string;
    attempts: number;
    /** The operation whose push told this device as well. */
    coveredBy: string | null;
    reason: string | null;
    updatedAt: string;
  }[];
  /** What was repaired in the body or ignored, with JSON pointers. */
  repairs: { type: string; [key: string]: unknown }[];
}

export interface Pass {
  id: string;
  serialNumber: string;
  passTemplate: string;
  passType: string;
  passTypeVersion: number;
  /** Apple's pass type identifier. */
  passTypeIdentifier: string | null;
  externalId: string | null;
  customer: { id: string; customerId: string | null };
  state: 'active' | 'expired' | 'voided' | 'deleted';
  data: Record<string, unknown>;
  /** Images, texts and colours that the fields led to. */
  visuals: Record<string, string>;
  revision: number;
  test: boolean;
  urls: { landing: string };
  wallets: { apple: { devices: number }; google: { saved: boolean } };
  firstInstalledAt: string | null;
  installedAt: string | null;
  uninstalledAt: string | null;
  createdAt: string;
  modifiedAt: string;
}

export interface Customer {
  id: string;
  customerId: string | null;
  email: string | null;
  phone: string | null;
  klaviyoProfileId: string | null;
  /** Identifiers of your own kinds (`customIdentifiers` of the tenant). */
  identifiers: Record<string, string>;
  firstName: string | null;
  lastName: string | null;
  language: string | null;
  consent: Record<string, { state?: string; at?: string | null; method?: string | null }>;
  properties: Record<string, unknown>;
  test: boolean;
  createdAt: string;
  updatedAt: string;
  passes: Pass[];
}

/** What webhooks deliver and `events()` pulls. */
export interface MerchantEvent {
  id: string;
  type: string;
  timestamp: string;
  data: { orderKey?: string; operationId?: string; serialNumber?: string; customerId?: string; [key: string]: unknown };
}

export interface WebhookEndpoint {
  id: string;
  url: string;
  eventTypes: string[];
  state: 'enabled' | 'disabled';
  disabledReason: string | null;
  disabledAt: string | null;
  failingSince: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface Delivery {
  id: string;
  endpointId: string;
  eventId: string;
  type: string;
  status: 'accepted' | 'delivering' | 'retrying' | 'delivered' | 'exhausted' | 'cancelled';
  run: number;
  createdAt: string;
  nextAttemptAt: string | null;
  endedAt: string | null;
  attempts: {
    attempt: number;
    at: string;
    durationMs: number | null;
    status: number | null;
    error: string | null;
    excerpt: string | null;
  }[];
}

/** The answer to `issuePass`: the pass is live. */
export interface IssuedPass {
  id: string;
  serialNumber: string;
  externalId: string | null;
  passTemplate: string;
  state: Pass['state'];
  operationId: string;
  urls: { landing: string; apple: string | null; google: string | null };
  recipient: { email: string | null; name: string | null; phone: string | null };
  createdAt: string;
}

export interface PassTemplate {
  id: string;
  name: string;
  version: number;
  description: string;
  wallets: ('apple' | 'google')[];
  fields: {
    apiFieldName: string;
    label: string | null;
    type: 'text' | 'number' | 'integer' | 'boolean' | 'date' | 'datetime' | 'url';
    required: boolean;
    maxLength: number | null;
    default: string | number | boolean | null;
    /** The only values that the field takes, or those that choose a look of the card; empty: any. */
    knownValues: string[];
  }[];
}

export interface Finding {
  code: string;
  severity: 'ok' | 'info' | 'look' | 'wrong';
  message: string;
  cure: string | null;
}

/** What lies between a change and the phone; `answer` is the likeliest reason. */
export interface Diagnosis {
  serialNumber: string;
  state: Pass['state'];
  revision: number;
  answer: Finding;
  findings: Finding[];
}
