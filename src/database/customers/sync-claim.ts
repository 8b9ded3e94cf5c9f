import type { Sql } from '../connect.js';
import { isUnfinished } from '../operations/fragments.js';
import type { OperationRef } from '../operations/steps.js';
import { sql } from '../sql.js';

/** Beyond this age a sync runs even where a later one waits: an endless stream of changes must not starve it. */
const MAX_YIELD_SECONDS = 30;

export type SyncClaim = { claim: 'go' } | { claim: 'covered'; by: string } | { claim: 'wait'; forMs: number };

/**
 * Claims a customer's sync window: the first of a burst goes at once, the newest when the window opens, and those in
 * between are covered by a later one that names the same customer and brings at least the same keys. One that the sender
 * calls older covers nothing, although it was accepted later.
 */
export async function claimSync(
  db: Sql,
  claim: OperationRef & { customerId: string; windowMs: number },
): Promise<SyncClaim> {
  const [row] = await db.query<{ covered_by: string | null; claimed: boolean; wait_ms: number }>(
    sql`
      with
        newer as materialized (
          select later.operation_id
          from operations mine
            join operations later on later.tenant_id = ${claim.tenantId}
            and later.kind = mine.kind
            and ${isUnfinished('later')}
            and not later.cancel_requested
            and later.acceptance_sequence > mine.acceptance_sequence
          where mine.tenant_id = ${claim.tenantId}
            and mine.operation_id = ${claim.operationId}
            and mine.run = 1
            and mine.accepted_at > now() - ${MAX_YIELD_SECONDS}::int * interval '1 second'
            and later.origin = mine.origin
            and (
              later.customer_id = ${claim.customerId}
              or (
                later.input -> 'identifiers' = mine.input -> 'identifiers'
                and later.input -> 'klaviyoProfileId' = mine.input -> 'klaviyoProfileId'
              )
            )
            and not exists (
              select
              from jsonb_object_keys(mine.input -> 'attributes') k
              where not later.input -> 'attributes' ? k
            )
            and not exists (
              select
              from jsonb_object_keys(mine.input -> 'properties') k
              where not later.input -> 'properties' ? k
            )
            and not exists (
              select
              from jsonb_array_elements(mine.input -> 'identifiers') m
              where not jsonb_path_exists(
                  later.input -> 'identifiers',
                  '$[*] ? (@.kind == $kind)',
                  jsonb_build_object('kind', m -> 'kind')
                )
            )
            and (mine.input -> 'klaviyoProfileId' = 'null' or later.input -> 'klaviyoProfileId' <> 'null')
            and (mine.input -> 'consent' = 'null' or later.input -> 'consent' <> 'null')
            and (
              mine.input ->> 'version' is null
              or (length(later.input ->> 'version'), later.input ->> 'version') >= (length(mine.input ->> 'version'), mine.input ->> 'version')
            )
            and not mine.input ? 'handedOver'
          order by later.acceptance_sequence desc
          limit 1
        ),
        claimed as (
          update customers
          set sync_started_at = now(), sync_started_by = ${claim.operationId}
          where tenant_id = ${claim.tenantId}
            and customer_id = ${claim.customerId}
            and not exists (select from newer)
            and (
              sync_started_by = ${claim.operationId}
              or sync_started_at is null
              or sync_started_at <= now() - ${claim.windowMs}::double precision * interval '1 millisecond'
            )
          returning customer_id
        )
      select
        (select operation_id from newer) as covered_by,
        exists (select from claimed) as claimed,
        coalesce(
          (
            select extract(epoch from sync_started_at - now()) * 1000 + ${claim.windowMs}::double precision
            from customers
            where tenant_id = ${claim.tenantId} and customer_id = ${claim.customerId}
          ),
          0
        )::float8 as wait_ms`,
  );
  if (row?.covered_by) return { claim: 'covered', by: row.covered_by };
  return row?.claimed ? { claim: 'go' } : { claim: 'wait', forMs: Math.max(50, Math.ceil(row?.wait_ms ?? 0)) };
}
