import { noteProgress, recordStep } from '../database/operations/steps.js';
import { setKlaviyoProfile } from '../database/customers/customer-identifiers.js';
import type { TenantSql } from '../database/connect.js';
import {
  findWriteBackOperation,
  type findWriteBackOperations,
  findWriteBackPass,
  type WriteBackOperation,
  type WriteBackPass,
} from '../database/klaviyo/write-back.js';
import type { WrittenPass, WrittenRecipient } from '../klaviyo/write-back.js';
import { PermanentError } from '../common/errors.js';
import type { Step } from '../passes/operation.js';
import type { TenantSettings } from '../passes/tenant-settings.js';
import type { WriteBackEvent } from '../passes/write-back-event.js';
import type { ActivityDeps, KlaviyoAccount, StepInput } from './deps.js';
import { KeyRefused, klaviyoCalls, type KlaviyoCall, type KnownOfCalls } from './klaviyo-calls.js';
import { writtenPass, writtenRecipient } from './write-back-subject.js';
import { knownOperation } from './known-operation.js';

export interface WriteBackInput extends StepInput {
  passId: string;
  event: WriteBackEvent | null;
}

/** `key-refused`: the step waits until the tenant's key is replaced, however long that takes. */
export interface WroteBack {
  state: 'written' | 'skipped' | 'key-refused';
}

export interface Subject {
  row: WriteBackPass;
  pass: WrittenPass;
  recipient: WrittenRecipient;
}

/** What one step of write-back has at hand. */
export interface WriteBackSession {
  sql: TenantSql;
  operation: WriteBackOperation;
  settings: TenantSettings['klaviyo'];
  call: KlaviyoCall;
  /** The pass as it is now; null where it or every identifier of its holder has gone. */
  subject(): Promise<Subject | null>;
  /** The same as it was last read in this visit. */
  lastSubject(): Promise<Subject | null>;
  /** Keeps what is done, for an attempt that comes after a failure. */
  note(detail: Record<string, unknown>): Promise<void>;
}

/** What the steps of one visit need not read again. */
export interface VisitMemory {
  account?: KlaviyoAccount | null;
  accountName?: string;
  subject?: Subject | null;
  /** The operation, with what the steps of this visit had done before it. */
  operation?: Awaited<ReturnType<typeof findWriteBackOperations>>;
  /** Of the account's key: looked up by the first call. */
  licence?: 'open';
  /** Of one customer's personal link. */
  token?: { customerId: string; token: string | null };
}

type Work = (session: WriteBackSession) => Promise<{ skipped: string } | { detail: Record<string, unknown> }>;

/** Runs one step of write-back and records how it went; faults beyond a refused key are thrown for the retry policy. */
export async function writeBackStep(
  deps: ActivityDeps,
  input: WriteBackInput,
  name: Step,
  work: Work,
  memory: VisitMemory = {},
): Promise<WroteBack> {
  const { tenantId, operationId, run, passId } = input;
  const sql = deps.database.tenant(tenantId);
  const step = { tenantId, operationId, run, step: name };
  const skip = async (note: string): Promise<WroteBack> => {
    await recordStep(sql, { ...step, state: 'skipped', detail: { note } });
    return { state: 'skipped' };
  };
  const [account, settings, operation] = await Promise.all([
    memory.account !== undefined ? memory.account : deps.klaviyo.forTenant(tenantId),
    deps.tenantSettings(tenantId),
    memory.operation
      ? { ...memory.operation.operation, detail: memory.operation.details[name] ?? {} }
      : findWriteBackOperation(sql, input, name).then(knownOperation),
  ]);
  memory.account = account;
  if (!account) return skip('The tenant has no Klaviyo key.');
  const known: KnownOfCalls = {
    detail: operation.detail,
    ...(memory.accountName !== undefined && { accountName: memory.accountName }),
    ...(memory.licence && { licence: memory.licence }),
  };
  const subject = async (): Promise<Subject | null> => {
    const row = await findWriteBackPass(sql, passId);
    const recipient = row && writtenRecipient(row, settings.klaviyo);
    if (!row || !recipient) return (memory.subject = null);
    const customerId = row.customer_id;
    if (memory.token?.customerId !== customerId) {
      memory.token = { customerId, token: await deps.klaviyo.linkToken(tenantId, customerId) };
    }
    const pass = writtenPass(row, deps.klaviyo.publicUrl, memory.token.token);
    return (memory.subject = { row, recipient, pass });
  };
  try {
    const done = await work({
      sql,
      operation,
      settings: settings.klaviyo,
      call: klaviyoCalls(deps, step, account, known),
      subject,
      lastSubject: async () => (memory.subject !== undefined ? memory.subject : subject()),
      note: (detail) => noteProgress(sql, input, name, detail),
    });
    if (known.accountName !== undefined) memory.accountName = known.accountName;
    if (known.licence) memory.licence = known.licence;
    if ('skipped' in done) return await skip(done.skipped);
    await recordStep(sql, { ...step, state: 'succeeded', detail: done.detail });
    return { state: 'written' };
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error;
    const message =
      'Klaviyo refuses the tenant’s key: set another one. What is to be written waits and is written then.';
    await recordStep(sql, { ...step, state: 'retrying', error: { code: 'klaviyo-key-refused', message } });
    return { state: 'key-refused' };
  }
}

/**
 * Makes a call by Klaviyo's id of the profile, and where that profile has gone (merged, erased) by the next identifier:
 * Klaviyo answers 404 to an id that it no longer knows.
 */
export async function byKnownProfile<T>(
  sql: TenantSql,
  { row, recipient }: Subject,
  run: (recipient: WrittenRecipient) => Promise<T>,
): Promise<T> {
  try {
    return await run(recipient);
  } catch (error) {
    const others = { ...recipient, profileId: null };
    const known = error instanceof PermanentError && error.code === 'klaviyo-not-found' && recipient.profileId !== null;
    if (!known || (others.email ?? others.phone ?? others.externalId) === null) throw error;
    await setKlaviyoProfile(sql, row.customer_id, null);
    return run(others);
  }
}
