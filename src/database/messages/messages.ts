import type { PassState } from '../../passes/pass.js';
import type { MessageClass, MessageContent } from '../../passes/message.js';
import type { Sql, SystemSql, TenantSql } from '../connect.js';
import { sql, type Statement } from '../sql.js';

export interface MessageRow {
  message_id: string;
  pass_id: string;
  customer_id: string;
  class: MessageClass;
  content: MessageContent;
  state: 'claimed' | 'sent' | 'ended';
  revision: number | null;
  valid_until: Date | null;
  claimed_at: Date;
  sent_at: Date | null;
  received_at: Date | null;
  ended_at: Date | null;
}

/** What decides whether a message goes now, read under the customer's lock. */
export interface MessageTurn {
  passState: PassState;
  /** Consents of the customer by channel: the newest word counts. */
  granted: boolean;
  sentAt: Date[];
  properties: Record<string, unknown>;
  /** When the campaign that sends it was paused; null where none stands still. */
  pausedAt: Date | null;
}

/** When the campaign of an operation was paused, a scalar of the statement; null where it goes on, or there is none. */
export const pausedCampaign = (operation: Statement): Statement => sql`(
  select k.paused_at
    from campaigns k
   where k.tenant_id = ${operation}.tenant_id
     and k.campaign_id = substring(${operation}.idempotency_key
                                   from '^campaign:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):')::uuid
     and k.state = 'paused')`;

export interface MessageClaim {
  messageId: string;
  passId: string;
  class: MessageClass;
  content: MessageContent;
  /** Absent: no consent is asked for. */
  channel: string | null;
  /** How far back earlier messages count, hours. */
  hours: number;
  now: Date;
}

/**
 * Takes a turn for a message: `decide` sees what was sent to the customer before, and no other message of theirs is
 * judged meanwhile. True from `decide` keeps the turn. A repeated call finds the turn that it took. Undefined where the pass is gone.
 */
export async function claimMessage<Decision>(
  db: TenantSql,
  claim: MessageClaim,
  decide: (turn: MessageTurn) => { decision: Decision; validUntil: Date | null; take: boolean },
): Promise<Decision | 'claimed' | undefined> {
  return db.transaction(async (inside) => {
    const [holder] = await inside.query<{
      customer_id: string;
      state: PassState;
      properties: Record<string, unknown>;
    }>(sql`
      select c.customer_id, p.state, c.properties
        from passes p
        join customers c on c.tenant_id = p.tenant_id and c.customer_id = p.customer_id
       where p.tenant_id = ${db.tenantId}
         and p.pass_id = ${claim.passId}
         for update of c`);
    if (!holder) return undefined;
    const known = await inside.query(sql`
      select from messages where tenant_id = ${db.tenantId} and message_id = ${claim.messageId}`);
    if (known.length > 0) return 'claimed';
    const earlier = await inside.query<{ claimed_at: Date }>(sql`
      select claimed_at
        from messages
       where tenant_id = ${db.tenantId}
         and customer_id = ${holder.customer_id}
         and class = ${claim.class}
         and claimed_at > ${claim.now}::timestamptz - make_interval(hours => ${claim.hours}::int)
       order by claimed_at desc
       limit 100`);
    const [said] = await inside.query<{ granted: boolean | null; paused_at: Date | null }>(sql`
      select ${pausedCampaign(sql`o`)} as paused_at, (
               select granted
                 from consents
                where tenant_id = ${db.tenantId}
                  and customer_id = ${holder.customer_id}
                  and channel = ${claim.channel}
                order by given_at desc
                limit 1) as granted
        from operations o
       where o.tenant_id = ${db.tenantId}
         and o.operation_id = ${claim.messageId}`);
    const { decision, validUntil, take } = decide({
      passState: holder.state,
      granted: said?.granted ?? false,
      pausedAt: said?.paused_at ?? null,
      sentAt: earlier.map(({ claimed_at: at }) => at),
      properties: holder.properties,
    });
    if (!take) return decision;
    await inside.query(sql`
      insert into messages (message_id, tenant_id, pass_id, customer_id, class, content, valid_until, claimed_at)
      values (
        ${claim.messageId},
        ${db.tenantId},
        ${claim.passId},
        ${holder.customer_id},
        ${claim.class},
        ${JSON.stringify(claim.content)}::jsonb,
        ${validUntil}::timestamptz,
        ${claim.now}::timestamptz)`);
    return decision;
  });
}

/** A message, or undefined. */
export async function findMessage(db: Sql, messageId: string): Promise<MessageRow | undefined> {
  const [row] = await db.query<MessageRow>(sql`
    select * from messages where tenant_id = ${db.tenantId} and message_id = ${messageId}`);
  return row;
}

/** The messages of a pass, newest first. */
export async function listMessages(db: Sql, passId: string, limit: number): Promise<MessageRow[]> {
  return db.query<MessageRow>(sql`
    select *
      from messages
     where tenant_id = ${db.tenantId}
       and pass_id = ${passId}
     order by claimed_at desc, message_id
     limit ${limit}`);
}

/** From now on the wallets show the message, first in this revision; harmless when repeated. */
export async function markSent(db: Sql, messageId: string, revision: number, at: Date): Promise<void> {
  await db.query(sql`
    update messages
       set state = 'sent',
           revision = ${revision},
           sent_at = ${at}
     where tenant_id = ${db.tenantId}
       and message_id = ${messageId}
       and state = 'claimed'`);
}

/** The pass does not show the message any more. */
export async function markEnded(db: Sql, messageId: string): Promise<void> {
  await db.query(sql`
    update messages
       set state = 'ended',
           ended_at = coalesce(ended_at, now())
     where tenant_id = ${db.tenantId} and message_id = ${messageId}`);
}

/** A device has fetched this revision: messages that it shows are received, each once. */
export async function takeReceived(
  db: Sql,
  passId: string,
  revision: number,
): Promise<{ message_id: string; received_at: Date }[]> {
  return db.query(sql`
    update messages
       set received_at = clock_timestamp()
     where tenant_id = ${db.tenantId}
       and pass_id = ${passId}
       and state = 'sent'
       and received_at is null
       and revision <= ${revision}
    returning message_id, received_at`);
}

/** Messages of all tenants whose time is over and whose end was not asked for yet, the longest overdue first. */
export async function listDueMessages(
  system: SystemSql,
  limit: number,
): Promise<{ tenant_id: string; pass_id: string; message_id: string }[]> {
  return system.query(sql`
    select m.tenant_id, m.pass_id, m.message_id
      from messages m
     where m.state = 'sent'
       and m.valid_until <= now()
       and not m.end_asked
     order by m.valid_until, m.message_id
     limit ${limit}`);
}

/** Notes whose end has been asked for, so that nobody looks at them again: an operation that failed is the operator's to retry. */
export async function markEndsAsked(system: SystemSql, messageIds: readonly string[]): Promise<void> {
  await system.query(sql`
    with asked as materialized (
      select m.message_id
        from messages m
       where m.message_id = any(${messageIds}::uuid[])
       order by m.message_id
         for no key update
    )
    update messages m
       set end_asked = true
      from asked
     where m.message_id = asked.message_id`);
}
