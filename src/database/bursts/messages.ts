import { ZONE_PROPERTIES } from '../../passes/customer-zone.js';
import type { Sql, TenantSql } from '../connect.js';
import { pausedCampaign, type MessageRow, type MessageTurn } from '../messages/messages.js';
import { isUnfinished } from '../operations/fragments.js';
import { sql, type Statement } from '../sql.js';
import { lockedRows, operationsOf, type BurstRef } from './burst-steps.js';
import { undone } from './changes.js';

export interface UnclaimedMessage {
  operationId: string;
  passId: string;
  /** As it was accepted; emptied where the retention or an erasure came first. */
  input: Record<string, unknown>;
  cancelRequested: boolean;
  /** An earlier attempt, or run, has taken its turn. */
  claimed: boolean;
  /** Null where the pass has gone, or has changed hands a moment ago. */
  turn: (MessageTurn & { customerId: string }) | null;
}

export type TakenTurn = Pick<MessageRow, 'message_id' | 'pass_id' | 'customer_id' | 'class' | 'content'> & {
  valid_until: Date | null;
};

/**
 * Takes turns for the messages of a burst: `decide` sees, in the order of acceptance, each with what was sent to its
 * customer before, and no other message of these customers is judged meanwhile. What it returns keeps its turn.
 */
export async function claimMessages(
  tenant: TenantSql,
  ref: BurstRef,
  ids: readonly string[],
  { channel, hours, now }: { channel: string | null; hours: number; now: Date },
  decide: (messages: readonly UnclaimedMessage[]) => readonly TakenTurn[],
): Promise<void> {
  const { tenantId } = tenant;
  await tenant.transaction(async (inside) => {
    const locked = await inside.query<{ customer_id: string }>(sql`
      select c.customer_id
        from customers c
       where c.tenant_id = ${tenantId}
         and c.customer_id in (
               select p.customer_id
                 from operations o
                 join passes p on p.tenant_id = o.tenant_id and p.pass_id = o.pass_id
                where o.tenant_id = ${tenantId}
                  and o.operation_id = any(${ids}::uuid[])
                  and o.burst_id = ${ref.burstId}
                  and o.status = 'running')
       -- Two bursts lock the same customers in the same order.
       order by c.customer_id
         for update of c`);
    // A statement of its own: it must see what the former holders of the locks have written.
    const messages = await inside.query<UnclaimedMessage>(sql`
      select o.operation_id as "operationId",
             o.pass_id as "passId",
             o.input,
             o.cancel_requested as "cancelRequested",
             exists (select from messages m
                      where m.tenant_id = ${tenantId} and m.message_id = o.operation_id) as claimed,
             (select jsonb_build_object(
                       'customerId', c.customer_id,
                       'passState', p.state,
                       'pausedAt', ${pausedCampaign(sql`o`)},
                       'properties', (
                         select coalesce(jsonb_object_agg(name, c.properties -> name), '{}')
                           from unnest(${ZONE_PROPERTIES}::text[]) name),
                       'granted', coalesce((
                         select k.granted
                           from consents k
                          where k.tenant_id = ${tenantId}
                            and k.customer_id = c.customer_id
                            and k.channel = ${channel}
                          order by k.given_at desc
                          limit 1), false),
                       'sentAt', array(
                         select m.claimed_at
                           from messages m
                          where m.tenant_id = ${tenantId}
                            and m.customer_id = c.customer_id
                            and m.class = o.input ->> 'class'
                            and m.claimed_at > ${now}::timestamptz - make_interval(hours => ${hours}::int)
                          order by m.claimed_at desc
                          limit 100))
                from passes p
                join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
               where p.tenant_id = ${tenantId}
                 and p.pass_id = o.pass_id
                 and c.customer_id = any(${locked.map(({ customer_id }) => customer_id)}::uuid[])) as turn
        from operations o
       where ${unclaimed(ref, ids)}
       order by o.acceptance_sequence`);
    const taken = decide(messages.map(inDates));
    if (taken.length === 0) return;
    await inside.query(sql`
      insert into messages (message_id, tenant_id, pass_id, customer_id, class, content, valid_until, claimed_at)
      select message_id, ${tenantId}::text, pass_id, customer_id, class, content, valid_until, ${now}::timestamptz
        from jsonb_to_recordset(${JSON.stringify(taken)}::jsonb)
               as t (message_id uuid, pass_id uuid, customer_id uuid, class text, content jsonb, valid_until timestamptz)`);
  });
}

/** Condition on operations `o` whose messages have not been judged. */
const unclaimed = (ref: BurstRef, ids: readonly string[]): Statement => sql`
             ${undone(ref, ids, 'claim-message')}
         and o.kind = 'send-message'`;

/** JSON has no dates. */
const inDates = (message: UnclaimedMessage): UnclaimedMessage => ({
  ...message,
  turn: message.turn && {
    ...message.turn,
    sentAt: message.turn.sentAt.map((at) => new Date(at)),
    pausedAt: message.turn.pausedAt && new Date(message.turn.pausedAt),
  },
});

/** Operations of a burst whose messages have not been judged, in the order of acceptance. */
export async function listUnclaimed(tenant: Sql, ref: BurstRef, ids: readonly string[]): Promise<string[]> {
  const rows = await tenant.query<{ operation_id: string }>(sql`
    select o.operation_id
      from operations o
     where ${unclaimed(ref, ids)}
     order by o.acceptance_sequence`);
  return rows.map((row) => row.operation_id);
}

/** The messages of some operations, as they are now. */
export async function findMessages(tenant: Sql, ids: readonly string[]): Promise<Map<string, MessageRow>> {
  const rows = await tenant.query<MessageRow>(sql`
    select * from messages where tenant_id = ${tenant.tenantId} and message_id = any(${ids}::uuid[])`);
  return new Map(rows.map((row) => [row.message_id, row]));
}

/** From now on the wallets show the messages of a burst that its passes have; harmless when repeated. */
export async function markSentMany(tenant: Sql, ref: BurstRef, at: Date): Promise<void> {
  await tenant.query(sql`
    with shown as materialized (
      select o.operation_id as message_id,
             r.revision
        from ${operationsOf(ref)}
        join pass_revisions r on r.pass_id = o.pass_id and r.operation_id = o.operation_id and r.change = 'message'
       where ${isUnfinished('o')}
    ), locked as materialized (${lockedRows(ref, { table: 'messages', key: 'message_id', from: 'shown' })}
    )
    update messages m
       set state = 'sent',
           revision = shown.revision,
           sent_at = ${at}
      from shown
      join locked using (message_id)
     where m.tenant_id = ${tenant.tenantId}
       and m.message_id = shown.message_id
       and m.state = 'claimed'`);
}

/** The passes do not show the messages any more whose ends a burst brings; harmless when repeated. */
export async function markEndedMany(tenant: Sql, ref: BurstRef): Promise<void> {
  await tenant.query(sql`
    with ending as materialized (
      select (o.input ->> 'messageId')::uuid as message_id
        from ${operationsOf(ref)}
       where o.status = 'running'
         and o.kind = 'end-message'
    ), locked as materialized (${lockedRows(ref, { table: 'messages', key: 'message_id', from: 'ending' })}
    )
    update messages m
       set state = 'ended',
           ended_at = coalesce(m.ended_at, now())
      from locked
     where m.tenant_id = ${tenant.tenantId}
       and m.message_id = locked.message_id`);
}
