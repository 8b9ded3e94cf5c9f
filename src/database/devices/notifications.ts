import type { Wallet } from '../../passes/wallet.js';
import type { EventType } from '../../passes/event-type.js';
import type { RecordedOutcome } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import {
  endOperation,
  own,
  recordStep,
  tellMerchant,
  type RunEnding,
  type RunRef,
  type StepRecord,
} from '../operations/fragments.js';
import { empty, sql, type Statement } from '../sql.js';

export interface DeviceToNotify {
  deviceId: string;
  pushToken: string;
  /** The result of an earlier attempt of this operation for the device, if there is one. */
  told: string | null;
}

export interface NotificationStart {
  /** The ending that this call recorded, if there is no device to notify. */
  ended: RecordedOutcome | null;
  revision: number;
  applePassTypeIdentifier: string | null;
  devices: DeviceToNotify[];
}

/**
 * The pass and its devices in one round trip; the merchant's event is written with it, once per operation. Where there
 * is no device, the same statement records the step and (where nothing follows) ends the operation. Undefined where the
 * pass has gone; `run-ended` where the operation has ended, or another run has taken over.
 */
export async function beginNotification(
  db: Sql,
  ref: RunRef & { passId: string },
  eventType: EventType | null,
  ending: RunEnding | null,
): Promise<NotificationStart | 'run-ended' | undefined> {
  const nobody = sql`and exists (select from nobody)`;
  const told =
    eventType === null
      ? empty
      : sql`told as (${tellMerchant({
          type: eventType,
          passId: sql`pass.pass_id`,
          customerId: sql`pass.customer_id`,
          payload: sql`jsonb_build_object(
            'changedFields', coalesce(to_jsonb(own.changed_fields), '[]'),
            'revision', pass.revision,
            'state', pass.state,
            'passTemplate', pass.pass_type_id,
            'acceptanceSequence', own.acceptance_sequence::text)`,
          from: sql`join pass on true`,
        })}),`;
  const [row] = await db.query<{
    owned: boolean;
    ended: RecordedOutcome | null;
    revision: number | null;
    apple_pass_type_identifier: string | null;
    devices: DeviceToNotify[] | null;
  }>(sql`
    with ${own(ref)},
    pass as (
      select pass_id, customer_id, revision, apple_pass_type_identifier, state, pass_type_id
        from passes
       where tenant_id = ${ref.tenantId}
         and pass_id = ${ref.passId}::uuid
    ),
    ${told}
    devices as materialized (
      select d.device_id, d.push_token, n.state
        from pass
        join apple_registrations r on r.tenant_id = ${ref.tenantId} and r.pass_id = pass.pass_id
        join apple_devices d on d.device_id = r.device_id and d.token_gone_at is null
        left join notifications n
               on n.operation_id = ${ref.operationId}::uuid
              and n.target = d.device_id::text
              and n.pass_id = pass.pass_id
    ),
    nobody as (
      select from pass where not exists (select from devices)
    ),
    step as (${recordStep({ step: 'notify-devices', state: 'succeeded', detail: { devices: 0 } }, nobody)})
    ${ending ? sql`, ended as (${endOperation(ending, nobody)})` : empty}
    select exists (select from own) as owned,
           ${ending ? sql`(select outcome from ended)` : sql`null`} as ended,
           pass.revision, pass.apple_pass_type_identifier, (
             select jsonb_agg(
                      jsonb_build_object('deviceId', device_id, 'pushToken', push_token, 'told', state)
                      order by device_id)
               from devices
           ) as devices
      from (select) one left join pass on true`);
  if (!row!.owned) return 'run-ended';
  if (row!.revision === null) return undefined;
  return {
    ended: row!.ended,
    revision: row!.revision,
    applePassTypeIdentifier: row!.apple_pass_type_identifier,
    devices: row!.devices ?? [],
  };
}

export type PushClaim =
  | { deviceId: string; claim: 'push' }
  | { deviceId: string; claim: 'scheduled'; dueAt: Date }
  | { deviceId: string; claim: 'covered'; coveredBy: string };

/** A due push whose owner let it lie this long is taken over. */
const OVERDUE_MS = 60_000;

/** One claim: for this operation to this device. */
export interface PushAsked {
  operationId: string;
  deviceId: string;
}

/**
 * Claims the push budget of each device for the operation beside it, atomically per device: push now, push when the window
 * opens, or rely on the push that another operation owes (it happens after this claim, so it covers this change). Each
 * device is in it once.
 */
export async function claimPushes(
  tenant: Sql,
  asked: readonly PushAsked[],
  { passTypeIdentifier, now, windowMs }: { passTypeIdentifier: string; now: Date; windowMs: number },
): Promise<PushClaim[]> {
  const rows = await tenant.query<{
    device_id: string;
    pushed_by: string;
    pushed_at: Date;
    due_by: string | null;
    due_at: Date | null;
  }>(sql`
    insert into push_windows as w (tenant_id, device_id, apple_pass_type_identifier, pushed_at, pushed_by)
    select ${tenant.tenantId}, d, ${passTypeIdentifier}, ${now}::timestamptz, o
      from unnest(${asked.map(({ deviceId }) => deviceId)}::uuid[], ${asked.map(({ operationId }) => operationId)}::uuid[]) as a (d, o)
     order by d
    on conflict (device_id, apple_pass_type_identifier) do update set
      pushed_at = case when ${pushNow(windowMs)} then excluded.pushed_at else w.pushed_at end,
      pushed_by = case when ${pushNow(windowMs)} then excluded.pushed_by else w.pushed_by end,
      due_at = case when ${pushNow(windowMs)} then null
                    when w.due_by is not null then w.due_at
                    else w.pushed_at + ${windowMs}::double precision * interval '1 millisecond' end,
      due_by = case when ${pushNow(windowMs)} then null else coalesce(w.due_by, excluded.pushed_by) end
    returning device_id, pushed_by, pushed_at, due_by, due_at`);
  const askedBy = new Map(asked.map(({ deviceId, operationId }) => [deviceId, operationId]));
  return rows.map((row) => {
    const deviceId = row.device_id;
    if (row.due_by === null) return { deviceId, claim: 'push' };
    return row.due_by === askedBy.get(deviceId)
      ? { deviceId, claim: 'scheduled', dueAt: row.due_at! }
      : { deviceId, claim: 'covered', coveredBy: row.due_by };
  });
}

/** Whether a device is pushed now, in the `on conflict` of a claim. */
const pushNow = (windowMs: number): Statement => sql`(
  -- Our own push has no result (a crash), or failed and is still due.
  (w.pushed_by = excluded.pushed_by and coalesce(w.due_by, excluded.pushed_by) = excluded.pushed_by)
  -- Our own scheduled push is due.
  or (w.due_by = excluded.pushed_by and w.due_at <= excluded.pushed_at)
  -- Another operation scheduled a push and did not make it.
  or (w.due_by is not null and w.due_at <= excluded.pushed_at - ${OVERDUE_MS}::double precision * interval '1 millisecond')
  -- Nothing is scheduled, and the window is open.
  or (w.due_by is null and w.pushed_at <= excluded.pushed_at - ${windowMs}::double precision * interval '1 millisecond')
  -- The operation that owes a push has ended without it: it was refused or ran out of time.
  or (w.due_by is not null and exists (select from operations o
        where o.tenant_id = excluded.tenant_id and o.operation_id = w.due_by and o.ended_at is not null)))`;

/** Gives failed pushes back as due: operations that come meanwhile rely on them instead of adding pushes to an outage. */
export async function owePushes(
  tenant: Sql,
  owed: readonly PushAsked[],
  { passTypeIdentifier, dueAt }: { passTypeIdentifier: string; dueAt: Date },
): Promise<void> {
  await tenant.query(sql`
    update push_windows w set
      due_by = coalesce(w.due_by, a.o),
      due_at = coalesce(w.due_at, ${dueAt}::timestamptz)
    from unnest(${owed.map(({ deviceId }) => deviceId)}::uuid[], ${owed.map(({ operationId }) => operationId)}::uuid[]) as a (d, o)
    where w.tenant_id = ${tenant.tenantId}
      and w.apple_pass_type_identifier = ${passTypeIdentifier}
      and w.device_id = a.d
      and w.pushed_by = a.o`);
}

export interface NotificationResult {
  target: string;
  deviceId: string | null;
  platform: Wallet;
  state: 'pending' | 'scheduled' | 'delivered' | 'covered' | 'gone' | 'refused' | 'failed';
  coveredBy?: string | null;
  reason?: string | null;
  providerId?: string | null;
}

/**
 * Each device's result, the step, and (where it is the last one) the operation's end, in one round trip. Returns the
 * ending that it recorded.
 */
export async function recordNotifications(
  db: Sql,
  step: StepRecord,
  passId: string,
  results: readonly NotificationResult[],
  ending: RunEnding | null,
): Promise<RecordedOutcome | null> {
  const [row] = await db.query<{ ended: RecordedOutcome | null }>(sql`
    with ${own(step)},
    step as (${recordStep(step)}),
    ${ending ? sql`ended as (${endOperation(ending)}),` : empty}
    told as (
      -- Also for a run that has ended: a push that was sent must not be sent again, and stays sent.
      insert into notifications (tenant_id, operation_id, target, device_id, pass_id, platform, state, attempts, covered_by, reason, provider_id)
      select ${step.tenantId}, ${step.operationId}::uuid, r.target, r."deviceId", ${passId}::uuid, r.platform, r.state, 1,
             r."coveredBy", r.reason, r."providerId"
        from jsonb_to_recordset(${JSON.stringify(results)}::jsonb)
          as r(target text, "deviceId" uuid, platform text, state text, "coveredBy" uuid, reason text, "providerId" text)
          on conflict (operation_id, target, pass_id) do update
         set state = excluded.state,
             attempts = notifications.attempts + 1,
             covered_by = excluded.covered_by,
             -- What was said of a delivery stays, where a further one has nothing to add.
             reason = case when notifications.state = 'delivered' then coalesce(excluded.reason, notifications.reason)
                           else excluded.reason end,
             provider_id = coalesce(excluded.provider_id, notifications.provider_id),
             updated_at = now()
       -- A repeated attempt finds its own delivery: nobody else covers it.
       where notifications.state <> 'delivered'
          or excluded.state = 'delivered'
    )
    select ${ending ? sql`(select outcome from ended)` : sql`null`} as ended`);
  return row!.ended;
}

/** Forgets a dead token, unless the device came back with it (registered again) after the provider's timestamp. */
export async function forgetToken(db: Sql, pushToken: string, goneAt: Date): Promise<void> {
  await db.query(sql`
    update apple_devices
       set token_gone_at = ${goneAt}
     where tenant_id = ${db.tenantId}
       and push_token = ${pushToken}
       and token_updated_at < ${goneAt}
       and token_gone_at is null`);
}
