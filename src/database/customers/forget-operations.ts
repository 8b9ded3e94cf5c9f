import type { Sql } from '../connect.js';
import { forgetContents, isFinished } from '../operations/forget.js';
import { isUnfinished } from '../operations/fragments.js';
import type { OperationRef } from '../operations/steps.js';
import { sql, type Statement } from '../sql.js';
import { namesOf, namesOthers, passesOf, theirOperations } from './their-operations.js';

type Erasure = OperationRef & { customerId: string };

/**
 * Empties the operations of the CTE `theirs`, their steps, and the events of those that reached nobody. Only operations
 * that fulfil `also` in the row as it is when it is written: a retry may have started one meanwhile.
 */
const emptyTheirs = ({ tenantId }: Erasure, also: Statement): Statement => sql`
  emptied as (
    update operations
       set ${forgetContents('erased')},
           reason = null
     where tenant_id = ${tenantId}
       and operation_id in (select operation_id from theirs)
       and ${also}
    returning operation_id
  ), steps as (
    update operation_steps
       set detail = '{}', last_error = null
     where tenant_id = ${tenantId} and operation_id in (select operation_id from emptied)
  ), told as (
    update events
       set payload = '{"erased": true}'
     where tenant_id = ${tenantId}
       and operation_id in (select operation_id from emptied)
       and customer_id is null and pass_id is null
    returning event_id
  ), answered as (
    update delivery_attempts
       set response_excerpt = null, error = null
     where tenant_id = ${tenantId}
       and delivery_id in (select delivery_id from deliveries
                            where tenant_id = ${tenantId} and event_id in (select event_id from told))
  )`;

/**
 * Empties one batch of the tenant's finished operations that are the customer's, and counts the unfinished ones; the
 * operation that erases stays. Returns the acceptance sequence to go on below, or null at the end.
 */
export async function redactOperations(
  db: Sql,
  erasure: Erasure,
  below: string | null,
  batch: number,
): Promise<{ redacted: number; unfinished: number; below: string | null }> {
  const { tenantId, operationId } = erasure;
  const [row] = await db.query<{ redacted: number; unfinished: number; seen: number; lowest: string | null }>(sql`
    with ${namesOf(erasure)}, batch as (
      select operation_id, acceptance_sequence, customer_id, pass_id, input, idempotency_key, status
        from operations
       where tenant_id = ${tenantId}
         and (${below}::bigint is null or acceptance_sequence < ${below}::bigint)
       order by acceptance_sequence desc
       limit ${batch}
    ), theirs as (
      select operation_id, status
        from batch o
       where operation_id <> ${operationId} and ${theirOperations(erasure)}
    ), ${emptyTheirs(erasure, isFinished)}
    select (select count(*)::int from emptied) as redacted,
           (select count(*)::int from theirs where not ${isFinished}) as unfinished,
           (select count(*)::int from batch) as seen,
           (select min(acceptance_sequence)::text from batch) as lowest`);
  return { redacted: row!.redacted, unfinished: row!.unfinished, below: row!.seen < batch ? null : row!.lowest };
}

const unfinished = (erasure: Erasure): Statement => sql`
  select o.operation_id
    from operations o
   where o.tenant_id = ${erasure.tenantId}
     and o.operation_id <> ${erasure.operationId}
     and ${isUnfinished('o')}
     and ${theirOperations(erasure)}`;

/** How many operations of the customer have not ended: an erasure waits for them, since nothing empties work in progress. */
export async function countUnfinished(db: Sql, erasure: Erasure): Promise<number> {
  const [row] = await db.query<{ n: number }>(sql`
    with ${namesOf(erasure)}
    select count(*)::int as n from (${unfinished(erasure)}) o`);
  return row!.n;
}

/** Asks for the end of what is under way for the customer: it would write again what is being erased. */
export async function cancelTheirs(db: Sql, { tenantId, customerId, operationId }: Erasure): Promise<void> {
  await db.query(sql`
    update operations
       set cancel_requested = true
     where tenant_id = ${tenantId}
       and customer_id = ${customerId}
       and operation_id <> ${operationId}
       and ${isUnfinished()}`);
}

/**
 * Empties the last of it as the customer goes: what ended since the walk, and what is still under way when the erasure
 * waits no longer (its next step finds nothing left to do). What reached nobody yet and names others, too, is theirs.
 */
export async function forgetRest(db: Sql, erasure: Erasure): Promise<void> {
  await db.query(sql`
    with ${namesOf(erasure)}, theirs as (
      select operation_id
        from operations
       where tenant_id = ${erasure.tenantId}
         and (customer_id = ${erasure.customerId} or pass_id = any (array${passesOf(erasure)}))
         and operation_id <> ${erasure.operationId}
         and forgotten_at is null
      union
      select u.operation_id
        from (${unfinished(erasure)}) u
        join operations o on o.operation_id = u.operation_id
       where o.customer_id is null and o.pass_id is null and not ${namesOthers(erasure)}
    ), ${emptyTheirs(erasure, sql`true`)}
    select count(*) from emptied`);
}
