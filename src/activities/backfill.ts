import { noteRecordsWritten } from '../database/klaviyo/record-checks.js';
import { noteProgress, recordStep } from '../database/operations/steps.js';
import { setKlaviyoProfile } from '../database/customers/customer-identifiers.js';
import {
  countPasses,
  findWriteBackOperation,
  listWriteBackPasses,
  type WriteBackPass,
} from '../database/klaviyo/write-back.js';
import { walletPassRecord } from '../klaviyo/wallet-pass-record.js';
import { profileBody } from '../klaviyo/write-back.js';
import { PermanentError, TransientError } from '../common/errors.js';
import type { BackfillProgress } from '../passes/operation-input.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { sendRecordsInOrder } from './backfill-records.js';
import { KeyRefused, klaviyoCalls, type KlaviyoCall } from './klaviyo-calls.js';
import { byKnownProfile } from './write-back-step.js';
import { writtenPass, writtenRecipient } from './write-back-subject.js';
import { knownOperation } from './known-operation.js';

export interface BackfilledSlice {
  state: 'finished' | 'running' | 'paused' | 'key-refused';
  /** How long to wait before the next slice. */
  waitMs: number;
}

/** Klaviyo's limit for one job of records. */
const BATCH = 500;
/** A slice ends well within the step's time limit; what it did is kept. */
const SLICE_MS = 12_000;
const PAUSED_LOOK_MS = 5_000;
const NOTE_EVERY = 25;

/**
 * Writes the next slice of a tenant's passes to Klaviyo: profile by profile, then the records of up to 500 in one job,
 * within the account's budget. Its progress is stored with the step, so a pause, a crash or an outage costs nothing.
 */
export function backfillActivity(deps: ActivityDeps) {
  return async function backfill(ref: StepInput): Promise<BackfilledSlice> {
    const { tenantId } = ref;
    const sql = deps.database.tenant(tenantId);
    const step = { ...ref, step: 'backfill' } as const;
    const [account, settings, operation] = await Promise.all([
      deps.klaviyo.forTenant(tenantId),
      deps.tenantSettings(tenantId),
      findWriteBackOperation(sql, ref, 'backfill').then(knownOperation),
    ]);
    if (!account) throw new PermanentError('klaviyo-key-missing', 'The tenant has no Klaviyo key: set one first.');
    if (operation.detail['paused'] === true) {
      await recordStep(sql, { ...step, state: 'waiting' });
      return { state: 'paused', waitMs: PAUSED_LOOK_MS };
    }
    // Warnings come from outside, at any time: they are no part of what is written back.
    const { warnings: _, ...before } = operation.detail;
    const progress: BackfillProgress = {
      total: await countPasses(sql),
      done: 0,
      failed: 0,
      records: 0,
      cursor: null,
      recordsUpTo: null,
      ...(before as Partial<BackfillProgress>),
    };
    // What is behind counts: a backfill that an older version began has sent records ahead of their profiles.
    const from = [progress.cursor, progress.recordsUpTo].some((id) => id === null)
      ? null
      : earlierOf(progress.cursor!, progress.recordsUpTo!);
    const list = () => listWriteBackPasses(sql, from, BATCH);
    const page = await list();
    const call = klaviyoCalls(deps, step, account);
    const endsAt = deps.now() + SLICE_MS;
    const keep = () => noteProgress(sql, ref, 'backfill', { ...progress });
    try {
      let written = 0;
      for (const row of page) {
        if (isUpTo(row, progress.cursor)) continue;
        if (deps.now() > endsAt || deps.stopping?.aborted) break;
        await writeProfile(row, progress, { deps, call, settings: settings.klaviyo });
        progress.cursor = row.pass_id;
        progress.done++;
        // The first one of a slice ends what an earlier attempt said of trouble.
        if (written === 0) await recordStep(sql, { ...step, state: 'running', detail: { ...progress } });
        else if (written % NOTE_EVERY === 0) await keep();
        written++;
      }
      const complete = page.every((row) => isUpTo(row, progress.cursor));
      // Read again: the records name the profiles that have just been written.
      if (complete && page.length > 0) {
        await sendRecords(await list(), progress, settings.klaviyo, deps, async (dataSourceId, records) => {
          await call('record-bulk', (client) => client.createRecords(dataSourceId, records));
          await noteRecordsWritten(sql, ref.operationId);
        });
      }
    } catch (error) {
      await keep();
      if (error instanceof KeyRefused) {
        const message = 'Klaviyo refuses the tenant’s key: set another one. The backfill waits and goes on then.';
        await recordStep(sql, { ...step, state: 'retrying', error: { code: 'klaviyo-key-refused', message } });
        return { state: 'key-refused', waitMs: 5 * 60_000 };
      }
      if (error instanceof TransientError && error.code === 'klaviyo-budget') {
        return { state: 'running', waitMs: error.retryAfterMs ?? PAUSED_LOOK_MS };
      }
      throw error;
    }
    const finished = page.length === 0;
    await recordStep(sql, { ...step, state: finished ? 'succeeded' : 'running', detail: { ...progress } });
    return { state: finished ? 'finished' : 'running', waitMs: 0 };
  };
}

// UUIDs in lower case sort as texts in the order in which PostgreSQL sorts them.
const earlierOf = (a: string, b: string): string => (a < b ? a : b);
const isUpTo = (row: WriteBackPass, passId: string | null): boolean => passId !== null && row.pass_id <= passId;

/** Sends the records of a batch whose profiles are written: Klaviyo relates them by the profile's id. */
async function sendRecords(
  page: readonly WriteBackPass[],
  progress: BackfillProgress,
  settings: Settings,
  deps: ActivityDeps,
  send: (dataSourceId: string, records: readonly ReturnType<typeof walletPassRecord>[]) => Promise<void>,
): Promise<void> {
  const due = page.filter((row) => isUpTo(row, progress.cursor) && !isUpTo(row, progress.recordsUpTo));
  const { dataSourceId } = settings;
  const records = due.map((row) => {
    const recipient = dataSourceId === null || row.test ? null : writtenRecipient(row, settings);
    const record = recipient && walletPassRecord(writtenPass(row, deps.klaviyo.publicUrl, null), recipient);
    return { passId: row.pass_id, record };
  });
  await sendRecordsInOrder(records, progress, (some) => send(dataSourceId!, some));
}

type Settings = Parameters<typeof writtenRecipient>[1];

async function writeProfile(
  row: WriteBackPass,
  progress: BackfillProgress,
  { deps, call, settings }: { deps: ActivityDeps; call: KlaviyoCall; settings: Settings },
): Promise<void> {
  const recipient = writtenRecipient(row, settings);
  if (!recipient) return;
  const sql = deps.database.tenant(row.tenant_id);
  const token = await deps.klaviyo.linkToken(row.tenant_id, row.customer_id);
  const pass = writtenPass(row, deps.klaviyo.publicUrl, token);
  try {
    const { profile } = await byKnownProfile(sql, { row, pass, recipient }, (known) =>
      call('profiles', (client) => client.importProfile(profileBody(pass, known))),
    );
    await setKlaviyoProfile(sql, row.customer_id, profile.id);
  } catch (error) {
    // One address that Klaviyo does not take must not block the others; the count says that there was one.
    if (!(error instanceof PermanentError)) throw error;
    progress.failed++;
  }
}
