import type { EventType } from '../../passes/event-type.js';
import type { Sql } from '../connect.js';
import { own, recordStep, RUNNING, tellMerchant, updateOwn, type StepRecord } from '../operations/fragments.js';
import { sql } from '../sql.js';

export interface PassEventToRecord {
  type: EventType;
  passId: string;
  /** Beside what every event of a pass tells. */
  payload: Record<string, unknown>;
}

/**
 * Writes a merchant's event of a pass with its step and the operation's pass, once per operation. `run-ended`: the operation
 * has ended, or another run has taken over.
 */
export async function recordPassEvent(
  db: Sql,
  step: StepRecord,
  event: PassEventToRecord,
): Promise<'recorded' | 'pass-vanished' | 'run-ended'> {
  const told = tellMerchant({
    type: event.type,
    passId: sql`pass.pass_id`,
    customerId: sql`pass.customer_id`,
    payload: sql`jsonb_build_object(
      'changedFields', '[]'::jsonb,
      'revision', pass.revision,
      'state', pass.state,
      'passTemplate', pass.pass_type_id,
      'acceptanceSequence', own.acceptance_sequence::text) || ${JSON.stringify(event.payload)}::jsonb`,
    from: sql`join pass on true`,
  });
  const ofPass = sql`
    pass_id = (select pass_id from pass),
    customer_id = (select customer_id from pass)`;
  const known = sql`and exists (select from pass)`;
  const [row] = await db.query<{ owned: boolean; known: boolean }>(sql`
    with ${own(step)},
    pass as (
      select pass_id, customer_id, revision, state, pass_type_id
        from passes
       where tenant_id = ${step.tenantId}
         and pass_id = ${event.passId}::uuid
    ),
    told as (${told}),
    running as (${updateOwn(sql`${RUNNING}, ${ofPass}`, known)}),
    step as (${recordStep(step, known)})
    select exists (select from own) as owned, exists (select from pass) as known`);
  if (!row!.owned) return 'run-ended';
  return row!.known ? 'recorded' : 'pass-vanished';
}
