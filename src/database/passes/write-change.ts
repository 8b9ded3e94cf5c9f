import type { Sql } from '../connect.js';
import { addChangedFields, own, recordStep, updateOwn, type StepRecord } from '../operations/fragments.js';
import { runEnded, type FoundEvidence } from '../operations/steps.js';
import { empty, raw, sql, type Statement } from '../sql.js';
import { bumpTag } from './bump-tag.js';
import type { ChangeKind, PassRow } from './passes.js';

export interface PassChange {
  before: PassRow;
  after: Pick<
    PassRow,
    | 'data'
    | 'field_sequences'
    | 'visuals'
    | 'state'
    | 'state_sequence'
    | 'pass_type_id'
    | 'pass_type_version'
    | 'type_sequence'
    | 'live_key'
    | 'apple_pass_type_identifier'
    | 'messages'
    | 'offers'
  >;
  change: ChangeKind;
  /** What goes into the audit trail: names, old and new values. */
  changed: Record<string, unknown>;
  /** Field names that the operation's status shows. */
  changedFields: string[];
  step: StepRecord;
  /** Detail of the step recompute-metadata, where the change takes visuals with it. */
  recomputed?: Record<string, unknown>;
  /** Evidence of find-pass that is not stored yet. */
  found?: FoundEvidence | undefined;
}

const json = (value: unknown): Statement => sql`${JSON.stringify(value)}::jsonb`;

/** What find-pass found, where it is not stored yet. */
const foundStep = ({ matched, at }: FoundEvidence): Statement => sql`
  insert into operation_steps (tenant_id, operation_id, step, state, attempts, started_at, ended_at, detail)
  select own.tenant_id,
         own.operation_id,
         'find-pass',
         'succeeded',
         1,
         ${at}::timestamptz,
         ${at}::timestamptz,
         jsonb_build_object('matched', ${matched}::text[])
    from own
   where exists (select from changed)
      on conflict (operation_id, step) do nothing`;

/** The visuals that the change takes with it. Readers list steps by time: it comes after the step that it belongs to. */
const recomputedStep = (detail: Record<string, unknown>): Statement => sql`
  insert into operation_steps (tenant_id, operation_id, step, state, attempts, started_at, ended_at, detail)
  select own.tenant_id,
         own.operation_id,
         'recompute-metadata',
         'succeeded',
         1,
         step.started_at,
         step.ended_at + interval '1 microsecond',
         ${json(detail)}
    from own, step
      on conflict (operation_id, step) do update
     set state = excluded.state,
         ended_at = excluded.ended_at,
         detail = operation_steps.detail || excluded.detail`;

/**
 * Writes a change with its revision, its tag, its step and the operation's summary in one statement: all or nothing.
 * Returns the new revision, or undefined where another writer was faster: load again and merge again.
 * @throws PermanentError `run-ended` where the operation has ended, or another run has taken over.
 */
export async function writeChange(db: Sql, change: PassChange): Promise<number | undefined> {
  const { before, after, found, recomputed, step } = change;
  const wrote = sql`and exists (select from changed)`;
  const [row] = await db.query<{ owned: boolean; revision: number | null }>(sql`
    with ${own(step)},
    bumped as (${bumpTag(before.tenant_id, after.apple_pass_type_identifier, raw('own'))}),
    changed as (
      update passes
         set data = ${json(after.data)},
             field_sequences = ${json(after.field_sequences)},
             visuals = ${json(after.visuals)},
             state = ${after.state},
             state_sequence = ${after.state_sequence},
             pass_type_id = ${after.pass_type_id},
             pass_type_version = ${after.pass_type_version},
             type_sequence = ${after.type_sequence},
             apple_pass_type_identifier = ${after.apple_pass_type_identifier},
             live_key = ${after.live_key},
             messages = ${json(after.messages)},
             offers = ${json(after.offers)},
             revision = passes.revision + 1,
             lock_version = passes.lock_version + 1,
             update_tag = coalesce((select tag from bumped), passes.update_tag),
             -- Devices compare whole seconds: each revision is at least one later than the one before it.
             modified_at = greatest(date_trunc('second', now()), date_trunc('second', modified_at) + interval '1 second')
        from own
       where passes.tenant_id = own.tenant_id
         and passes.pass_id = ${before.pass_id}::uuid
         and passes.lock_version = ${before.lock_version}::integer
      returning passes.revision
    ),
    audit as (
      insert into pass_revisions (tenant_id, pass_id, revision, operation_id, change, changed)
      select own.tenant_id, ${before.pass_id}::uuid, changed.revision, own.operation_id, ${change.change}::text, ${json(change.changed)}
        from own, changed
    ),
    summary as (${updateOwn(
      sql`revision = (select revision from changed),
        pass_id = ${before.pass_id}::uuid,
        status = case when own.status = 'accepted' then 'running' else own.status end,
        started_at = coalesce(operations.started_at, ${found?.at ?? null}::timestamptz, clock_timestamp()),
        customer_id = coalesce(${found?.customerId ?? null}::uuid, operations.customer_id),
        matched = coalesce(${found?.matched ?? null}::text[], operations.matched),
        changed_fields = ${addChangedFields(change.changedFields)}`,
      wrote,
    )}),
    ${found ? sql`found as (${foundStep(found)}),` : empty}
    step as (
      ${recordStep(step, wrote)}
      returning started_at, ended_at
    )
    ${recomputed ? sql`, recomputed as (${recomputedStep(recomputed)})` : empty}
    select exists (select from own) as owned, (select revision from changed) as revision`);
  if (!row!.owned) throw runEnded();
  return row!.revision ?? undefined;
}

/**
 * Moves sequences only (the same was asked for again, later): no revision, nothing for a phone to see. An older request
 * must lose to this one too. False where another writer was faster.
 * @throws PermanentError `run-ended` where the operation has ended, or another run has taken over.
 */
async function moveSequences(db: Sql, before: PassRow, set: Statement, step: StepRecord): Promise<boolean> {
  const [row] = await db.query<{ owned: boolean; moved: boolean }>(sql`
    with ${own(step)},
    moved as (
      update passes
         set ${set},
             lock_version = passes.lock_version + 1
        from own
       where passes.tenant_id = own.tenant_id
         and passes.pass_id = ${before.pass_id}::uuid
         and passes.lock_version = ${before.lock_version}::integer
      returning passes.revision
    ),
    step as (${recordStep(step, sql`and exists (select from moved)`)})
    select exists (select from own) as owned, exists (select from moved) as moved`);
  if (!row!.owned) throw runEnded();
  return row!.moved;
}

/** Equal values of fields, accepted later; false where another writer was faster. */
export const writeSequences = (db: Sql, before: PassRow, fieldSequences: Record<string, string>, step: StepRecord) =>
  moveSequences(db, before, sql`field_sequences = ${json(fieldSequences)}`, step);

/** The pass type that the pass has already, asked for later; false where another writer was faster. */
export const writeTypeSequence = (db: Sql, before: PassRow, typeSequence: string, step: StepRecord) =>
  moveSequences(db, before, sql`type_sequence = ${typeSequence}`, step);

/** The state that the pass has already, asked for later; false where another writer was faster. */
export const writeStateSequence = (db: Sql, before: PassRow, stateSequence: string, step: StepRecord) =>
  moveSequences(db, before, sql`state_sequence = ${stateSequence}`, step);
