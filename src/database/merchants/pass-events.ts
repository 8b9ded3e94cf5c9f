import type { Sql } from '../connect.js';
import { recordStepSql, stepValues, type StepRecord } from '../operations/steps.js';

export interface PassEventToRecord {
  eventId: string;
  type: string;
  passId: string;
  /** Beside what every event of a pass tells. */
  payload: Record<string, unknown>;
}

/** Writes a merchant's event of a pass with its step and the operation's pass, once per operation; false where the pass has gone. */
export async function recordPassEvent(sql: Sql, step: StepRecord, event: PassEventToRecord): Promise<boolean> {
  const rows = await sql.query(
    `with pass as (
       select pass_id, customer_id, revision, state, pass_type_id from passes where tenant_id = $1 and pass_id = $7
     ), told as (
       insert into events (event_id, tenant_id, type, operation_id, origin, pass_id, customer_id, payload)
       select $8::uuid, $1, $9, o.operation_id, o.origin, pass.pass_id, pass.customer_id,
              jsonb_build_object('changedFields', '[]'::jsonb, 'revision', pass.revision, 'state', pass.state,
                                 'passTemplate', pass.pass_type_id, 'acceptanceSequence', o.acceptance_sequence::text) || $10::jsonb
         from pass, operations o where o.tenant_id = $1 and o.operation_id = $2
       on conflict (operation_id, type, pass_id) do nothing
     ), running as (
       update operations set status = 'running', started_at = coalesce(started_at, clock_timestamp()),
              pass_id = pass.pass_id, customer_id = pass.customer_id
         from pass where operations.tenant_id = $1 and operation_id = $2 and status in ('accepted', 'running', 'retrying')
     ), step as (
       ${recordStepSql('pass')}
     )
     select pass_id from pass`,
    [...stepValues(step), event.passId, event.eventId, event.type, JSON.stringify(event.payload)],
  );
  return rows.length > 0;
}
