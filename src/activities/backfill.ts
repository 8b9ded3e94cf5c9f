import { noteRecordsWritten } from '../database/klaviyo/record-checks.js';
import { noteProgress, recordStep } from '../database/operations/steps.js';
import {
  countPasses,
  findWriteBackOperation,
  listWriteBackPasses,
  type WriteBackPass,
} from '../database/klaviyo/write-back.js';
import { walletPassRecord } from '../klaviyo/wallet-pass-record.js';
import { PermanentError, TransientError } from '../common/errors.js';
import type { BackfillProgress } from '../passes/operation-input.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { profilesAtOnce, sendProfileJob } from './backfills/send-job.js';
import { sendRecordsInOrder } from './backfills/send-records.js';
import { settleProfileJob } from './backfills/settle-job.js';
import { FEW, LOOK_MS, type BackfillVisit } from './backfills/visit.js';
import { writeProfileAlone } from './backfills/write-alone.js';
import { MOST_RECORDS } from './bursts/in-jobs.js';
import { KeyRefused, klaviyoCalls } from './klaviyo-calls.js';
import { writtenPass, writtenRecipient } from './write-back-subject.js';
import { knownOperation } from './known-operation.js';

export interface BackfillStep extends StepInput {
  /** The backfill is cancelled: only the job that Klaviyo has is settled. */
  settles?: true;
}

export interface BackfilledSlice {
  state: 'finished' | 'running' | 'paused' | 'settled' | 'key-refused';
  /** How long to wait before the next slice. */
  waitMs: number;
}

/** A slice ends well within the step's time limit; what it did is kept. */
const SLICE_MS = 12_000;
const PAUSED_LOOK_MS = 5_000;
const NOTE_EVERY = 25;

/**
 * Writes the next slice of a tenant's passes to Klaviyo: profiles in a job of up to 10,000 or one by one, then their records,
 * within the account's budget. Its progress is stored with the step, so a pause, a crash or an outage costs nothing.
 */
export function backfillActivity(deps: ActivityDeps) {
  return async function backfill(input: BackfillStep): Promise<BackfilledSlice> {
    const { tenantId, operationId, run, settles = false } = input;
    const ref = { tenantId, operationId, run };
    const sql = deps.database.tenant(tenantId);
    const step = { ...ref, step: 'backfill' } as const;
    const [account, settings, operation] = await Promise.all([
      deps.klaviyo.forTenant(tenantId),
      deps.tenantSettings(tenantId),
      findWriteBackOperation(sql, ref, 'backfill').then(knownOperation),
    ]);
    if (!account) throw new PermanentError('klaviyo-key-missing', 'The tenant has no Klaviyo key: set one first.');
    const progress = progressOf(operation.detail);
    progress.total ??= await countPasses(sql);
    const endsAt = deps.now() + SLICE_MS;
    const visit: BackfillVisit = {
      ...{ deps, sql, ref, account, progress: progress as BackfillProgress },
      settings: settings.klaviyo,
      call: klaviyoCalls(deps, step, account),
      isOver: () => deps.now() > endsAt || deps.stopping?.aborted === true,
    };
    try {
      const slice = await writeSlice(visit, operation.detail['paused'] === true, settles);
      const state = STEP_STATES[slice.state];
      await recordStep(sql, { ...step, state, detail: { ...progress } });
      return slice;
    } catch (error) {
      await noteProgress(sql, ref, 'backfill', { ...progress });
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
  };
}

const STEP_STATES = { running: 'running', settled: 'running', paused: 'waiting', finished: 'succeeded' } as const;

interface Slice extends BackfilledSlice {
  state: keyof typeof STEP_STATES;
}

async function writeSlice(visit: BackfillVisit, paused: boolean, settles: boolean): Promise<Slice> {
  const open = await settleProfileJob(visit, paused || settles);
  if (open) return { state: 'running', ...open };
  if (settles) return { state: 'settled', waitMs: 0 };
  return paused ? { state: 'paused', waitMs: PAUSED_LOOK_MS } : writeNext(visit);
}

/** What the step has noted of its way. A pause and warnings come from outside, at any time: they are not written back. */
function progressOf(detail: Record<string, unknown>): Omit<BackfillProgress, 'total'> & { total?: number } {
  const known = detail as Partial<BackfillProgress>;
  const { total, profilesAtOnce: profiles, bulk, recordsAtOnce, refusedInARow } = known;
  return {
    done: known.done ?? 0,
    failed: known.failed ?? 0,
    records: known.records ?? 0,
    cursor: known.cursor ?? null,
    recordsUpTo: known.recordsUpTo ?? null,
    ...(total !== undefined && { total }),
    ...(profiles !== undefined && { profilesAtOnce: profiles }),
    ...(bulk !== undefined && { bulk }),
    ...(recordsAtOnce !== undefined && { recordsAtOnce }),
    ...(refusedInARow !== undefined && { refusedInARow }),
  };
}

// UUIDs in lower case sort as texts in the order in which PostgreSQL sorts them.
const earlierOf = (a: string | null, b: string | null): string | null =>
  a === null || b === null ? null : a < b ? a : b;
const isUpTo = (row: WriteBackPass, passId: string | null): boolean => passId !== null && row.pass_id <= passId;

/** Records of passes whose profiles are written, 500 in a job; where there are none, the next profiles. */
async function writeNext(visit: BackfillVisit): Promise<Slice> {
  const { sql, progress } = visit;
  for (;;) {
    // What is behind counts: a backfill that an older version began has sent records ahead of their profiles.
    const from = earlierOf(progress.cursor, progress.recordsUpTo);
    const page = await listWriteBackPasses(sql, from, MOST_RECORDS);
    if (page.length === 0) return { state: 'finished', waitMs: 0 };
    const due = page.filter((row) => !isUpTo(row, progress.cursor));
    // Read after the profiles were written: records name them.
    if (due.length === 0) await sendRecords(visit, page);
    else {
      const atOnce = due.length > FEW ? await profilesAtOnce(visit) : 0;
      if (atOnce > FEW) {
        const rows = await listWriteBackPasses(sql, progress.cursor, atOnce);
        if (await sendProfileJob(visit, rows)) return { state: 'running', waitMs: LOOK_MS.least };
      } else {
        await writeOneByOne(visit, atOnce === 0 ? due : due.slice(0, FEW));
        if (atOnce > 0) progress.profilesAtOnce = 2 * FEW;
      }
    }
    if (visit.isOver()) return { state: 'running', waitMs: 0 };
  }
}

async function writeOneByOne(visit: BackfillVisit, rows: readonly WriteBackPass[]): Promise<void> {
  const { sql, ref, progress } = visit;
  let written = 0;
  for (const { pass_id: passId } of rows) {
    if (visit.isOver()) break;
    await writeProfileAlone(visit, passId);
    progress.cursor = passId;
    progress.done++;
    // The first one of a slice ends what an earlier attempt said of trouble.
    if (written === 0) await recordStep(sql, { ...ref, step: 'backfill', state: 'running', detail: { ...progress } });
    else if (written % NOTE_EVERY === 0) await noteProgress(sql, ref, 'backfill', { ...progress });
    written++;
  }
}

/** Sends the records of passes whose profiles are written: Klaviyo relates them by the profile's id. */
async function sendRecords(visit: BackfillVisit, page: readonly WriteBackPass[]): Promise<void> {
  const { deps, sql, ref, call, settings, progress } = visit;
  const { dataSourceId } = settings;
  if (dataSourceId === null) {
    progress.recordsUpTo = progress.cursor;
    return;
  }
  const due = page.filter((row) => !isUpTo(row, progress.recordsUpTo));
  const records = due.map((row) => {
    const recipient = row.test ? null : writtenRecipient(row, settings);
    const record = recipient && walletPassRecord(writtenPass(row, deps.klaviyo.publicUrl, null), recipient);
    return { passId: row.pass_id, record };
  });
  await sendRecordsInOrder(records, progress, async (some) => {
    await call('record-bulk', (client) => client.createRecords(dataSourceId, some));
    await noteRecordsWritten(sql, ref.operationId);
  });
}
