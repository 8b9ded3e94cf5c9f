import type { ProfileSyncInput } from '../../passes/operation-input.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';
import { insertOrFindOperation, type OperationRow } from '../operations/operations.js';
import { ownOfAnyRun, updateOwn } from '../operations/fragments.js';
import { retryOperation } from '../operations/retries.js';

/** What people hand on to others; every other identifier stays with its customer. */
export type HandedKind = 'email' | 'phone';

export type SyncOfCustomer = Pick<
  OperationRow,
  'operation_id' | 'acceptance_sequence' | 'status' | 'outcome' | 'input'
>;

/** How far back a customer's own word is looked for. */
const RECENT_SYNCS = 20;

/** The profile syncs that found a customer, the last accepted one first. */
export async function listSyncsOf(db: Sql, customerId: string): Promise<SyncOfCustomer[]> {
  return db.query<SyncOfCustomer>(
    sql`
      select operation_id, acceptance_sequence, status, outcome, input
      from operations
      where tenant_id = ${db.tenantId}
        and customer_id = ${customerId}
        and kind = 'profile-sync'
        and forgotten_at is null
      order by acceptance_sequence desc
      limit ${RECENT_SYNCS}`,
  );
}

export interface HandOver {
  tenantId: string;
  kind: HandedKind;
  value: string;
  /** Who gives it up; their row is locked by the caller. */
  from: { customerId: string; klaviyoProfileId: string | null };
  to: string;
  /** The operation that takes it. */
  byOperation: string;
  /** The giver's own sync that carries on with them; null: a new one asks Klaviyo. */
  carriesOn: string | null;
}

/**
 * Moves an e-mail address or phone number from one customer to another, and sets the giver's own profile sync going, in
 * whose evidence the loss is recorded: it tells their passes and the merchant, and brings what they have instead.
 */
export async function handOver(db: Sql, move: HandOver): Promise<void> {
  const { tenantId, kind, value, from } = move;
  await db.query(
    sql`
      update customer_identifiers
      set customer_id = ${move.to}
      where tenant_id = ${tenantId}
        and kind = ${kind}
        and value = ${value}
        and customer_id = ${from.customerId}`,
  );
  await db.query(
    sql`update customers set email = case when ${kind} = 'email' then null else email end,
            phone = case when ${kind} = 'phone' then null else phone end, updated_at = now()
      where tenant_id = ${tenantId} and customer_id = ${from.customerId}`,
  );
  const sync = move.carriesOn ?? (await insertSync(db, from.klaviyoProfileId));
  // One that still runs reads this when it comes to the step; one that ended as a conflict runs again.
  if (move.carriesOn !== null) await retryOperation(db, sync);
  await db.query(sql`
    with
      ${ownOfAnyRun({ tenantId, operationId: sync })},
      told as (${updateOwn(sql`
      input = jsonb_set(
        operations.input,
        '{handedOver}',
        coalesce(operations.input -> 'handedOver', '[]') || to_jsonb(${kind}::text))`)})
    insert into operation_steps (tenant_id, operation_id, step, state, detail)
    select
      own.tenant_id,
      own.operation_id,
      'update-customer',
      'waiting',
      jsonb_build_object('changed', jsonb_build_array(${kind}::text), 'handedOverBy', ${move.byOperation}::text)
    from own
    on conflict (operation_id, step) do update
    set
      state = 'waiting',
      ended_at = null,
      detail = operation_steps.detail || excluded.detail || jsonb_build_object(
        'changed',
        coalesce(operation_steps.detail -> 'changed', '[]') || (excluded.detail -> 'changed')
      )`);
}

async function insertSync(db: Sql, klaviyoProfileId: string | null): Promise<string> {
  const input: ProfileSyncInput = {
    identifiers: [],
    klaviyoProfileId,
    attributes: {},
    properties: {},
    consent: null,
  };
  const accepted = await insertOrFindOperation(db, {
    kind: 'profile-sync',
    origin: 'system',
    input,
  });
  return accepted.operationId;
}
