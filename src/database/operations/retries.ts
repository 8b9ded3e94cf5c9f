import { REFUSAL_OUTCOMES } from '../../passes/operation.js';
import type { RetryOperationsInput } from '../../passes/operation-input.js';
import type { Sql, TenantSql } from '../connect.js';
import { recordStep, type OperationRef } from './steps.js';

/** Without a sign of life for this long an operation counts as stuck. */
export const STUCK_MINUTES = 10;

const AGAIN = `status = 'accepted', run = run + 1, outcome = null, reason = null, ended_at = null, cancel_requested = false,
  dispatch_after = now(), dispatched_at = null`;
const REFUSED = `(o.status = 'succeeded' and o.outcome in (${REFUSAL_OUTCOMES.map((outcome) => `'${outcome}'`).join(', ')}))`;
const ENDED_BADLY = `(o.status in ('failed', 'cancelled') or ${REFUSED})`;
/** What was emptied has nothing left that could be done. */
const HAS_CONTENTS = 'o.forgotten_at is null';
const STUCK = `(o.status in ('accepted', 'running') and o.cancel_requested = false
  and greatest(o.accepted_at, o.dispatch_after, o.dispatched_at, o.started_at, (select max(greatest(s.started_at, s.ended_at))
        from operation_steps s where s.operation_id = o.operation_id)) < now() - interval '${STUCK_MINUTES} minutes')`;

/**
 * Runs an operation again: its id, its place in the order and what its steps did stay; the steps find their own effects.
 * Returns the number of the new run, or undefined where it does not exist or there is nothing to retry.
 */
export async function retryOperation(sql: Sql, tenantId: string, operationId: string): Promise<number | undefined> {
  const [row] = await sql.query<{ run: number }>(
    `update operations o set ${AGAIN} where o.tenant_id = $1 and o.operation_id = $2 and ${HAS_CONTENTS}
        and (${ENDED_BADLY} or o.status = 'retrying' or ${STUCK}) returning run`,
    [tenantId, operationId],
  );
  return row?.run;
}

/** Retries the next operations that match, in their order; the place reached is kept with them, so a repeat goes on. */
export async function retryBatch(sql: TenantSql, ref: OperationRef, seconds: number): Promise<{ done: boolean }> {
  return sql.transaction(async (tx) => {
    const [bulk] = await tx.query<{
      input: RetryOperationsInput;
      acceptance_sequence: string;
      detail: { cursor?: string; retried?: number; of?: number } | null;
    }>(
      `select o.input, o.acceptance_sequence, s.detail from operations o
         left join operation_steps s on s.operation_id = o.operation_id and s.step = 'retry-operations'
        where o.tenant_id = $1 and o.operation_id = $2`,
      [ref.tenantId, ref.operationId],
    );
    if (!bulk) return { done: true };
    const { filter, perSecond } = bulk.input;
    const values = [
      ref.tenantId,
      bulk.detail?.cursor ?? '0',
      bulk.acceptance_sequence,
      filter.status ?? null,
      filter.outcome ?? null,
      filter.kind ?? null,
      filter.from ?? null,
      filter.to ?? null,
    ];
    const matching = `o.tenant_id = $1 and o.acceptance_sequence > $2::bigint and o.acceptance_sequence < $3::bigint
      and o.kind <> 'retry-operations' and ${HAS_CONTENTS}
      and (${ENDED_BADLY} or ($4::text is not null and (o.status = 'retrying' or ${STUCK})))
      and ($4::text is null or o.status = $4) and ($5::text is null or o.outcome = $5) and ($6::text is null or o.kind = $6)
      and ($7::timestamptz is null or o.accepted_at >= $7) and ($8::timestamptz is null or o.accepted_at < $8)`;
    const of =
      bulk.detail?.of ??
      (await tx.query<{ n: number }>(`select count(*)::int as n from operations o where ${matching}`, values))[0]!.n;
    const limit = Math.max(1, Math.round(perSecond * seconds));
    const rows = await tx.query<{ acceptance_sequence: string }>(
      `with batch as materialized (
         select o.operation_id from operations o where ${matching} order by o.acceptance_sequence limit $9 for update
       )
       update operations set ${AGAIN} from batch where operations.operation_id = batch.operation_id
       returning operations.acceptance_sequence`,
      [...values, limit],
    );
    const last = rows.map((row) => BigInt(row.acceptance_sequence)).reduce((a, b) => (a > b ? a : b), 0n);
    const done = rows.length < limit;
    const retried = (bulk.detail?.retried ?? 0) + rows.length;
    const detail = { of, retried, ...(rows.length > 0 && { cursor: String(last) }) };
    await recordStep(tx, { ...ref, step: 'retry-operations', state: done ? 'succeeded' : 'running', detail });
    return { done };
  });
}
