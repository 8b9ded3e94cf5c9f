import type { Database } from '../database/connect.js';
import type { ProfileAttribute } from '../klaviyo/client.js';
import type { FetchedProfile } from '../passes/operation-input.js';
import type { PassTypeVersion } from '../passes/pass-type.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import type { GoogleWalletClient } from '../wallets/google/objects-client.js';

/** What a process must bring so that the steps can run; each reader may cache, versions never change. */
export interface ActivityDeps {
  database: Database;
  tenantSettings(tenantId: string): Promise<TenantSettings>;
  passTypes: PassTypeReader;
  apple: AppleNotifier;
  google: GoogleWallet;
  profiles: ProfileReader;
  now(): number;
}

export interface PassTypeReader {
  version(tenantId: string, passTypeId: string, version: number): Promise<PassTypeVersion>;
  /** The newest version of the pass type with this name or id, or undefined. */
  current(tenantId: string, nameOrId: string): Promise<PassTypeVersion | undefined>;
  /** Names and ids, to say which one was meant. */
  names(tenantId: string): Promise<string[]>;
}

export type PushResult =
  | { kind: 'delivered'; apnsId: string | null }
  | { kind: 'gone'; reason: string; timestampMs?: number }
  | { kind: 'throttled'; reason: string; retryAfterMs?: number }
  | { kind: 'permanent'; reason: string; status: number }
  | { kind: 'transient'; reason: string };

/** Sends one empty push with the certificate of the pass type. */
export interface AppleNotifier {
  push(target: { tenantId: string; passTypeIdentifier: string; pushToken: string }): Promise<PushResult>;
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

/** One way to a Klaviyo profile. */
export interface ProfileLookup {
  attribute: ProfileAttribute;
  value: string;
}

/** Reads profiles of each tenant's Klaviyo account. */
export interface ProfileReader {
  /** Whether the tenant has a key at all. */
  isConfigured(tenantId: string): Promise<boolean>;
  /** The profile that the first successful lookup leads to, with `subscriptions`; null where none does. */
  fetch(tenantId: string, lookups: readonly ProfileLookup[]): Promise<FetchedProfile | null | 'no-key'>;
}

/** Every step of a workflow names its operation so; ids only, no personal data. */
export interface StepInput {
  tenantId: string;
  operationId: string;
}
