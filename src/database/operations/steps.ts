import { PermanentError } from '../../common/errors.js';
import { REFUSAL_OUTCOMES, type Outcome, type RecordedOutcome, type Step } from '../../passes/operation.js';
import type { Sql, TenantSql } from '../connect.js';
import { sql } from '../sql.js';
import { restartCovered } from './covered.js';
import * as fragment from './fragments.js';
import {
  own,
  ownOfAnyRun,
  updateOwn,
  type OperationRef,
  type RunEnding,
  type RunRef,
  type StepRecord,
} from './fragments.js';

export type { OperationRef, RunRef, StepRecord } from './fragments.js';

/** What a step throws that meets its operation ended, or taken over by a later run: it must change nothing more. */
export const runEnded = (): PermanentError =>
  new PermanentError(
    'run-ended',
    'This run of the operation has ended, or a later run has taken over. It writes nothing more.',
  );

/**
 * Records one attempt of a step. A retrying step makes its operation `retrying`, a running one makes it `running` again.
 * Nothing is written where this run has ended.
 */
export async function recordStep(db: Sql, record: StepRecord): Promise<void> {
  const status = record.state === 'retrying' ? 'retrying' : 'running';
  await db.query(sql`
    with ${own(record)},
    step as (${fragment.recordStep(record)})
    ${updateOwn(
      sql`status = ${status}::text, started_at = coalesce(operations.started_at, clock_timestamp())`,
      sql`and (own.status <> ${status}::text or own.started_at is null)`,
    )}`);
}

export interface Ending extends RunRef, RunEnding {}

/** The stored ending: this call's, or an earlier one of the same run. */
export interface Ended {
  outcome: RecordedOutcome;
  byThisCall: boolean;
}

/** How this run has ended; undefined where it has not, or is not the newest. */
export async function findEnding(db: Sql, ref: RunRef): Promise<RecordedOutcome | undefined> {
  const [row] = await db.query<{ outcome: RecordedOutcome }>(sql`
    select outcome
      from operations
     where tenant_id = ${ref.tenantId}
       and operation_id = ${ref.operationId}::uuid
       and run = ${ref.run}::integer
       and ended_at is not null`);
  return row?.outcome;
}

/**
 * Ends an operation, and tells the merchant of a failed one; a second ending changes nothing. Undefined where another
 * run has taken over, or the operation is gone. One that ends without effect sets those going again that relied on it.
 */
export async function endOperation(db: TenantSql, ending: Ending): Promise<Ended | undefined> {
  const hasEffect = ending.status === 'succeeded' && !(REFUSAL_OUTCOMES as readonly Outcome[]).includes(ending.outcome);
  const ended = hasEffect
    ? await writeEnding(db, ending)
    : await db.transaction(async (within) => {
        const written = await writeEnding(within, ending);
        // A statement of its own: it must see those that relied on this one while the ending waited for its row.
        if (written) await restartCovered(within, ending);
        return written;
      });
  if (ended) return { outcome: ended, byThisCall: true };
  const outcome = await findEnding(db, ending);
  return outcome && { outcome, byThisCall: false };
}

async function writeEnding(db: Sql, ending: Ending): Promise<RecordedOutcome | undefined> {
  const failed = fragment.tellMerchant({
    type: 'operation.failed',
    origin: sql`'system'`,
    passId: sql`ended.pass_id`,
    customerId: sql`ended.customer_id`,
    payload: sql`jsonb_strip_nulls(jsonb_build_object(
      'kind', ended.kind,
      'outcome', ended.outcome,
      'reason', ended.reason,
      'acceptanceSequence', ended.acceptance_sequence::text))`,
    from: sql`join ended on ended.status = 'failed'`,
  });
  const [ended] = await db.query<{ outcome: RecordedOutcome }>(sql`
    with ${own(ending)},
    ended as (${fragment.endOperation(ending)}),
    told as (${failed})
    select outcome from ended`);
  return ended?.outcome;
}

/**
 * Ends the operation of a step. The outcome that it returns is the proof that an ending is stored.
 * @throws PermanentError `run-ended` where another run has taken over.
 */
export async function endRun(db: TenantSql, ending: Ending): Promise<RecordedOutcome> {
  const ended = await endOperation(db, ending);
  if (!ended) throw runEnded();
  return ended.outcome;
}

/** Records a step and ends the operation in the same statement: the last step of a quick operation costs one round trip. */
export async function recordLastStep(db: TenantSql, record: StepRecord, ending: RunEnding): Promise<RecordedOutcome> {
  const [ended] = await db.query<{ outcome: RecordedOutcome }>(sql`
    with ${own(record)},
    step as (${fragment.recordStep(record)}),
    ended as (${fragment.endOperation(ending)})
    select outcome from ended`);
  return ended?.outcome ?? endRun(db, { ...record, ...ending });
}

/** How find-pass came to its pass: kinds of identifier, never their values. */
export interface FoundEvidence {
  customerId: string;
  matched: string[];
  /** ISO 8601. */
  at: string;
}

/** Marks an operation as running on the pass that it found, with the step's evidence. False where this run has ended. */
export async function recordFound(db: Sql, ref: RunRef, found: FoundEvidence & { passId: string }): Promise<boolean> {
  const { matched } = found;
  const rows = await db.query(sql`
    with ${own(ref)},
    step as (${fragment.recordStep({ step: 'find-pass', state: 'succeeded', detail: { matched } })})
    ${updateOwn(sql`
      status = 'running',
      started_at = coalesce(operations.started_at, ${found.at}::timestamptz),
      pass_id = ${found.passId}::uuid,
      customer_id = ${found.customerId}::uuid,
      matched = ${matched}::text[]`)}
    returning operations.run`);
  return rows.length > 0;
}

type Detail = Record<string, unknown>;

/**
 * Keeps what a step has done before it is through, without counting an attempt.
 * @throws PermanentError `run-ended` where this run has ended.
 */
export async function noteProgress(db: Sql, ref: RunRef, step: Step, detail: Detail): Promise<void> {
  if (!(await noteWhileOpen(db, ref, step, detail))) throw runEnded();
}

/** The same for a step that goes on where its run has ended, as others rely on it: false, and nothing is written. */
export async function noteWhileOpen(db: Sql, ref: RunRef, step: Step, detail: Detail): Promise<boolean> {
  const rows = await db.query(sql`with ${own(ref)} ${mergeDetail(step, detail)}`);
  return rows.length > 0;
}

/** What a step has noted of itself so far; empty where it has not begun. */
export async function findProgress(db: Sql, operationId: string, step: Step): Promise<Detail> {
  const [row] = await db.query<{ detail: Detail | null }>(sql`
    select detail
      from operation_steps
     where tenant_id = ${db.tenantId}
       and operation_id = ${operationId}
       and step = ${step}`);
  return row?.detail ?? {};
}

/** Leaves a mark for a step that a person asked for, as a pause: its next attempt reads it. Nothing where the operation has ended. */
export async function markStep(db: Sql, ref: OperationRef, step: Step, detail: Detail): Promise<void> {
  await db.query(sql`with ${ownOfAnyRun(ref)} ${mergeDetail(step, detail)}`);
}

const mergeDetail = (step: Step, detail: Detail) => sql`
  insert into operation_steps (tenant_id, operation_id, step, state, detail)
  select own.tenant_id, own.operation_id, ${step}::text, 'running', ${JSON.stringify(detail)}::jsonb
    from own
      on conflict (operation_id, step) do update
     set detail = operation_steps.detail || excluded.detail
  returning operation_id`;
