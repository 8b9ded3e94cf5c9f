import type { ChangeKind } from '../passes/passes.js';
import type { EventType } from '../../passes/event-type.js';
import type { OperationKind, Outcome, Step } from '../../passes/operation.js';
import type { NotificationResult } from '../devices/notifications.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';
import { eventId } from '../operations/fragments.js';
import { heldOperations, operationsOf, recordStepRows, type BurstRef } from './burst-steps.js';
import { notDone } from './changes.js';

export interface ChangedOperation {
  operationId: string;
  passId: string;
  kind: OperationKind;
  made: ChangeKind[];
  superseded: boolean;
}

/** Running operations of a burst whose devices have not been told, with what their steps did, in the order of acceptance. */
export async function loadUntold(tenant: Sql, ref: BurstRef, ids: readonly string[]): Promise<ChangedOperation[]> {
  return tenant.query<ChangedOperation>(sql`
    select o.operation_id as "operationId",
           o.pass_id as "passId",
           o.kind,
           array(select r.change from pass_revisions r
                  where r.pass_id = o.pass_id and r.operation_id = o.operation_id) as made,
           exists (select from operation_steps s
                    where s.operation_id = o.operation_id
                      and s.step in ('convert-type', 'apply-data', 'change-state')
                      and s.detail -> 'superseded' is not null) as superseded
      from operations o
     where o.tenant_id = ${tenant.tenantId}
       and o.operation_id = any(${ids}::uuid[])
       and o.burst_id = ${ref.burstId}
       and o.status = 'running'
       and ${notDone('notify-devices')}
     order by o.acceptance_sequence`);
}

export interface OperationDevices {
  operationId: string;
  passId: string;
  applePassTypeIdentifier: string | null;
  test: boolean;
  devices: { deviceId: string; pushToken: string; told: string | null }[];
}

/** The devices of changed passes; the merchant's event of each operation is written with it, once. */
export async function beginNotifications(
  tenant: Sql,
  ref: BurstRef,
  changed: readonly { operationId: string; eventType: EventType | null }[],
): Promise<OperationDevices[]> {
  const { tenantId } = tenant;
  const ids = changed.map(({ operationId }) => operationId);
  return tenant.query<OperationDevices>(sql`
    with held as materialized (${heldOperations(ref, ids, 'running')}
    ), changed as materialized (
      select o.operation_id, e.event_type, o.origin, o.acceptance_sequence, o.changed_fields, o.test, p.pass_id, p.customer_id,
             p.revision, p.state, p.pass_type_id, p.apple_pass_type_identifier, p.test as test_pass
        from held
        join unnest(${ids}::uuid[], ${changed.map(({ eventType }) => eventType)}::text[]) as e (operation_id, event_type)
          on e.operation_id = held.operation_id
        join operations o on o.tenant_id = ${tenantId} and o.operation_id = held.operation_id
        join passes p on p.tenant_id = ${tenantId} and p.pass_id = o.pass_id
    ), told as (
      insert into events (event_id, tenant_id, type, operation_id, origin, pass_id, customer_id, payload)
      select ${eventId({ operationId: sql`operation_id`, type: sql`event_type`, passId: sql`pass_id` })},
             ${tenantId}::text, event_type, operation_id, origin, pass_id, customer_id,
             jsonb_build_object('changedFields', coalesce(to_jsonb(changed_fields), '[]'), 'revision', revision,
               -- Of several operations of a pass, each tells of the state that it made itself.
               'state', case when event_type = 'pass.updated' then state else coalesce((
                 select r.changed #>> '{state,to}'
                   from pass_revisions r
                  where r.pass_id = changed.pass_id and r.operation_id = changed.operation_id and r.change = 'state'), state) end,
               'passTemplate', pass_type_id, 'acceptanceSequence', acceptance_sequence::text)
        from changed
       where event_type is not null
       order by acceptance_sequence
      on conflict do nothing
    )
    select c.operation_id as "operationId",
           c.pass_id as "passId",
           c.apple_pass_type_identifier as "applePassTypeIdentifier",
           c.test or c.test_pass as test,
           coalesce(d.devices, '[]') as devices
      from changed c
      left join lateral (
        select jsonb_agg(jsonb_build_object('deviceId', d.device_id, 'pushToken', d.push_token, 'told', n.state)
                         order by d.device_id) as devices
          from apple_registrations r
          join apple_devices d on d.device_id = r.device_id and d.token_gone_at is null
          left join notifications n
            on n.operation_id = c.operation_id and n.target = d.device_id::text and n.pass_id = c.pass_id
         where r.tenant_id = ${tenantId} and r.pass_id = c.pass_id) d on true
     order by c.acceptance_sequence`);
}

/** What the devices of one operation were told, and how it ends where nothing follows. */
export interface ToldOperation {
  operationId: string;
  passId: string;
  state: 'succeeded' | 'waiting';
  detail: Record<string, unknown>;
  results: NotificationResult[];
  outcome: Outcome | null;
}

/** Every device's result, the steps and the ends of a burst's operations in one round trip. */
export async function recordBurstNotifications(
  tenant: Sql,
  ref: BurstRef,
  told: readonly ToldOperation[],
): Promise<void> {
  if (told.length === 0) return;
  const { tenantId } = tenant;
  const ids = told.map(({ operationId }) => operationId);
  const steps = told.map(({ operationId, state, detail, outcome }) => ({
    operation_id: operationId,
    state,
    detail,
    outcome,
  }));
  const results = told.flatMap(({ operationId, passId, results: ofDevices }) =>
    ofDevices.map((result) => ({ ...result, operationId, passId })),
  );
  await tenant.query(sql`
    with held as materialized (${heldOperations(ref, ids, 'running')}
    ), recorded as materialized (
      select s.*
        from jsonb_to_recordset(${JSON.stringify(steps)}::jsonb)
               as s (operation_id uuid, state text, error jsonb, detail jsonb, outcome text)
        join held using (operation_id)
    ), steps as (${recordStepRows(tenantId, 'notify-devices', 'recorded')}
    ), results as (
      insert into notifications (tenant_id, operation_id, target, device_id, pass_id, platform, state, attempts, covered_by,
                                 reason, provider_id)
      select ${tenantId}::text, r."operationId", r.target, r."deviceId", r."passId", r.platform, r.state, 1, r."coveredBy",
             r.reason, r."providerId"
        from jsonb_to_recordset(${JSON.stringify(results)}::jsonb)
               as r ("operationId" uuid, "passId" uuid, target text, "deviceId" uuid, platform text, state text,
                     "coveredBy" uuid, reason text, "providerId" text)
        join held on held.operation_id = r."operationId"
      on conflict (operation_id, target, pass_id) do update set
        state = excluded.state,
        attempts = notifications.attempts + 1,
        covered_by = excluded.covered_by,
        reason = excluded.reason,
        provider_id = coalesce(excluded.provider_id, notifications.provider_id),
        updated_at = now()
    )
    update operations o set
      status = 'succeeded',
      outcome = r.outcome,
      ended_at = clock_timestamp()
    from recorded r
    where o.tenant_id = ${tenantId}
      and o.operation_id = r.operation_id
      and r.outcome is not null`);
}

export interface ToldRun {
  operationId: string;
  passId: string;
  kind: OperationKind;
  run: number;
  made: ChangeKind[];
}

/** Running operations of a burst whose devices have been told; of all, or of some. */
export async function loadTold(tenant: Sql, ref: BurstRef, ids: readonly string[] | null): Promise<ToldRun[]> {
  return tenant.query<ToldRun>(sql`
    select o.operation_id as "operationId",
           o.pass_id as "passId",
           o.kind,
           o.run,
           array(select r.change from pass_revisions r
                  where r.pass_id = o.pass_id and r.operation_id = o.operation_id) as made
      from ${operationsOf(ref)}
     where (${ids}::uuid[] is null or o.operation_id = any(${ids}::uuid[]))
       and o.status = 'running'
       and not ${notDone('notify-devices')}
     order by o.acceptance_sequence`);
}

/** Shows that a step is still to come for some operations of a burst; what it has done stays. */
export async function showWaiting(
  tenant: Sql,
  ref: BurstRef,
  ids: readonly string[],
  step: Step,
  waitingFor: string,
): Promise<void> {
  await tenant.query(sql`
    with held as materialized (${heldOperations(ref, ids, 'running')}
    )
    insert into operation_steps (tenant_id, operation_id, step, state, attempts, detail)
    select ${tenant.tenantId}::text, operation_id, ${step}::text, 'waiting', 0, jsonb_build_object('waitingFor', ${waitingFor}::text)
      from held
        on conflict (operation_id, step) do nothing`);
}

/** Takes back what `showWaiting` showed and nothing has come of: the pass is not for that wallet, or the operation leaves. */
export async function forgetWaiting(tenant: Sql, ref: BurstRef, step: Step): Promise<void> {
  await tenant.query(sql`
    delete from operation_steps s
     using bursts b, operations o
     where b.tenant_id = ${tenant.tenantId}
       and b.burst_id = ${ref.burstId}
       and o.tenant_id = b.tenant_id
       and o.operation_id = any(b.operation_ids)
       and o.burst_id = b.burst_id
       and s.operation_id = o.operation_id
       and s.step = ${step}
       and s.state = 'waiting'
       and s.attempts = 0`);
}
