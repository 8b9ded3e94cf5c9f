import { REFUSAL_OUTCOMES } from '../../passes/operation.js';
import type { RetryOperationsInput } from '../../passes/operation-input.js';
import type { Sql, TenantSql } from '../connect.js';
import { raw, sql, type Statement } from '../sql.js';
import { isUnfinished, type RunRef } from './fragments.js';
import { NEXT_RUN } from './next-run.js';
import { recordStep, runEnded } from './steps.js';

/** Without a sign of life for this long an operation counts as stuck. */
export const STUCK_MINUTES = 10;

/** A person's retry takes back what was asked before it. */
const AGAIN = sql`${NEXT_RUN}, cancel_requested = false`;

const REFUSED = sql`(
  operations.status = 'succeeded'
  and operations.outcome in (${raw(REFUSAL_OUTCOMES.map((outcome) => `'${outcome}'`).join(', '))}))`;
const ENDED_BADLY = sql`(operations.status in ('failed', 'cancelled') or ${REFUSED})`;
/** What was emptied has nothing left that could be done. */
const HAS_CONTENTS = sql`operations.forgotten_at is null`;
const STUCK = sql`(
  operations.status in ('accepted', 'running')
  and operations.cancel_requested = false
  and greatest(
        operations.accepted_at,
        operations.dispatch_after,
        operations.dispatched_at,
        operations.started_at,
        (select max(greatest(s.started_at, s.ended_at))
           from operation_steps s
          where s.operation_id = operations.operation_id)
      ) < now() - interval '${raw(String(STUCK_MINUTES))} minutes')`;

/**
 * Runs an operation again. Its id, its place in the order and its finished steps stay; the steps find their own
 * effects. Returns the number of the new run; undefined if there is no such operation or nothing to retry.
 */
export async function retryOperation(db: Sql, operationId: string): Promise<number | undefined> {
  const [row] = await db.query<{ run: number }>(sql`
    update operations
       set ${AGAIN}
     where tenant_id = ${db.tenantId}
       and operation_id = ${operationId}
       and ${HAS_CONTENTS}
       and (${ENDED_BADLY} or status = 'retrying' or ${STUCK})
    returning run`);
  return row?.run;
}

/** Condition: the bulk retry wants the operation, whose turn comes after `cursor`. */
function matching(db: Sql, { filter }: RetryOperationsInput, cursor: string, before: string): Statement {
  const { status = null, outcome = null, kind = null, from = null, to = null } = filter;
  return sql`operations.tenant_id = ${db.tenantId}
     and operations.acceptance_sequence > ${cursor}::bigint
     and operations.acceptance_sequence < ${before}::bigint
     and operations.kind <> 'retry-operations'
     and ${HAS_CONTENTS}
     and (${ENDED_BADLY} or (${status}::text is not null and (operations.status = 'retrying' or ${STUCK})))
     and (${status}::text is null or operations.status = ${status})
     and (${outcome}::text is null or operations.outcome = ${outcome})
     and (${kind}::text is null or operations.kind = ${kind})
     and (${from}::timestamptz is null or operations.accepted_at >= ${from})
     and (${to}::timestamptz is null or operations.accepted_at < ${to})`;
}

/** Retries the next operations that match, in their order; the place reached is kept with them, so a repeat goes on. */
export async function retryBatch(db: TenantSql, ref: RunRef, seconds: number): Promise<{ done: boolean }> {
  return db.transaction(async (tx) => {
    const [bulk] = await tx.query<{
      input: RetryOperationsInput;
      acceptance_sequence: string;
      detail: { cursor?: string; retried?: number; of?: number } | null;
    }>(sql`
      select o.input, o.acceptance_sequence, s.detail
        from operations o
        left join operation_steps s on s.operation_id = o.operation_id and s.step = 'retry-operations'
       where o.tenant_id = ${ref.tenantId}
         and o.operation_id = ${ref.operationId}
         and o.run = ${ref.run}
         and ${isUnfinished('o')}
         for no key update of o`);
    if (!bulk) throw runEnded();
    const wanted = matching(tx, bulk.input, bulk.detail?.cursor ?? '0', bulk.acceptance_sequence);
    const of =
      bulk.detail?.of ??
      (await tx.query<{ n: number }>(sql`select count(*)::int as n from operations where ${wanted}`))[0]!.n;
    const limit = Math.max(1, Math.round(bulk.input.perSecond * seconds));
    const rows = await tx.query<{ acceptance_sequence: string }>(sql`
      with batch as materialized (
        select operation_id
          from operations
         where ${wanted}
         order by acceptance_sequence
         limit ${limit}
           for update
      )
      update operations
         set ${AGAIN}
        from batch
       where operations.tenant_id = ${ref.tenantId}
         and operations.operation_id = batch.operation_id
      returning operations.acceptance_sequence`);
    const last = rows.map((row) => BigInt(row.acceptance_sequence)).reduce((a, b) => (a > b ? a : b), 0n);
    const done = rows.length < limit;
    const retried = (bulk.detail?.retried ?? 0) + rows.length;
    const detail = { of, retried, ...(rows.length > 0 && { cursor: String(last) }) };
    await recordStep(tx, { ...ref, step: 'retry-operations', state: done ? 'succeeded' : 'running', detail });
    return { done };
  });
}
