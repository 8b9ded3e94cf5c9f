import type { Database } from '../database/connect.js';
import type { RunRef } from '../database/operations/fragments.js';
import type { SealedWebhookSecret } from '../database/merchants/deliveries.js';
import type { KlaviyoClient } from '../klaviyo/client.js';
import type { MerchantSender } from '../merchants/send.js';
import type { Environment } from '../common/environment.js';
import type { Recent } from '../common/remember.js';
import type { PassTypeVersion } from '../passes/pass-type.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import type { PushResult } from '../wallets/apple/apns-answers.js';
import type { GoogleWalletClient } from '../wallets/google/objects-client.js';

/** What a process must bring so that the steps can run; each reader may cache, versions never change. */
export interface ActivityDeps {
  /** `PASSRELAY_ENV`. */
  installation: Environment;
  database: Database;
  tenantSettings(tenantId: string): Promise<TenantSettings>;
  passTypes: PassTypeReader;
  apple: AppleNotifier;
  google: GoogleWallet;
  klaviyo: KlaviyoAccess;
  merchants: MerchantSender;
  /** Opens the sealed secrets of a webhook endpoint. */
  webhookSecrets(tenantId: string, endpointId: string, sealed: readonly SealedWebhookSecret[]): string[];
  now(): number;
  /** Measures an attempt of a step that is made as a part of another one. */
  measureStep?: StepMeter;
  /** The process is to stop: work in slices ends its slice and goes on elsewhere. */
  stopping?: AbortSignal;
}

/** Runs one attempt of a step and notes its time and result; those of tests are not counted. */
export type StepMeter = <T>(order: { step: string; test: boolean }, work: () => Promise<T>) => Promise<T>;

export interface PassTypeReader {
  version(tenantId: string, passTypeId: string, version: number): Promise<PassTypeVersion>;
  /** The newest version of the pass type with this name or id, or undefined. */
  current(tenantId: string, nameOrId: string): Promise<PassTypeVersion | undefined>;
  /** Names and ids, to say which one was meant. */
  names(tenantId: string): Promise<string[]>;
}

/** Sends one empty push with the certificate of the pass type. */
export interface AppleNotifier {
  push(target: {
    tenantId: string;
    passTypeIdentifier: string;
    pushToken: string;
    /** Kept out of the metrics. */
    test?: true;
  }): Promise<PushResult>;
}

/** What a tenant may do at Google. */
export interface GoogleAccess {
  issuerId: string;
  client: GoogleWalletClient;
  /** Where Google reports saves and deletions; undefined where it could not reach us. */
  callbackUrl: string | undefined;
  /** Origin of our API, for links on the pass. */
  publicUrl: string;
}

/** Null for tenants without a Google issuer. Throws PermanentError where the service account is missing or broken. */
export interface GoogleWallet {
  forTenant(tenantId: string): Promise<GoogleAccess | null>;
}

/** A tenant's Klaviyo account; the version changes with the key, so that a replaced key is known as such. */
export interface KlaviyoAccount {
  client: KlaviyoClient;
  /** The same for every tenant that has this key. */
  keyHash: string;
  keyVersion: string;
  /** Whether a refusal of the tenant's key stood when it was read; absent: nobody has looked. */
  refused?: boolean;
  /** Klaviyo's ids of accounts by the hashes of keys, where this process knows them: a key never opens another one. */
  accountIds?: Recent<string>;
}

/** What write-back works with. */
export interface KlaviyoAccess {
  /** Null for tenants without a key. */
  forTenant(tenantId: string): Promise<KlaviyoAccount | null>;
  /** Origin of our API, for the links that Klaviyo sends on. */
  publicUrl: string;
  /** The token of the customer's personal link; null leaves the one in Klaviyo as it is. */
  linkToken(tenantId: string, customerId: string): Promise<string | null>;
  /** The same of many customers; those without one are left out. */
  linkTokens(tenantId: string, customerIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Klaviyo refuses a tenant's key: called once for each key, to tell somebody. */
  keyRefused(tenantId: string, reason: string): void;
  /** A refused tenant's write-back goes on. */
  keyAccepted(tenantId: string): void;
}

/** What a step answers that has to wait for its turn: the workflow sleeps, then starts it again. */
export interface StepWaits {
  waitsFor: string;
  waitMs: number;
}

/**
 * Every step of a workflow names its operation so; ids only, no personal data. The worker adds the run, which it reads
 * from the workflow's id: histories hold inputs without it.
 */
export interface StepInput extends RunRef {
  /** As the workflow was started: kept out of the metrics. */
  test?: true;
  /** Set by workflows on regular activities, never on local ones. */
  takesWaits?: true;
}
