import type { MessageContent } from '../../passes/message.js';
import type { OperationStatus, Outcome } from '../../passes/operation.js';
import type { Sql } from '../connect.js';
import { empty, sql } from '../sql.js';
import type { MessageRow } from './messages.js';

/** A message that somebody asked for, sent or not. */
export interface AskedMessage {
  message_id: string;
  pass_id: string | null;
  status: OperationStatus;
  outcome: Outcome | null;
  reason: string | null;
  accepted_at: Date;
  test: boolean;
  /** Null where the text was emptied. */
  content: MessageContent | null;
  /** Null: its turn has not come, and may never come. */
  state: MessageRow['state'] | null;
  sent_at: Date | null;
  received_at: Date | null;
  valid_until: Date | null;
  ended_at: Date | null;
  /** What it waits for, and until when. */
  waiting_for: string | null;
  waits_until: Date | null;
}

/** The messages that were asked for, newest first, of a tenant or of one pass. */
export async function listAskedMessages(
  db: Sql,
  { passId, limit }: { passId?: string | undefined; limit: number },
): Promise<AskedMessage[]> {
  const ofPass = passId === undefined ? empty : sql`and o.pass_id = ${passId}::uuid`;
  return db.query<AskedMessage>(sql`
    select o.operation_id as message_id,
           o.pass_id,
           o.status,
           o.outcome,
           o.reason,
           o.accepted_at,
           o.test,
           coalesce(m.content, o.input -> 'content') as content,
           m.state,
           m.sent_at,
           m.received_at,
           m.valid_until,
           m.ended_at,
           s.detail ->> 'waitingFor' as waiting_for,
           (s.detail ->> 'until')::timestamptz as waits_until
      from operations o
      left join messages m on m.tenant_id = o.tenant_id and m.message_id = o.operation_id
      left join operation_steps s
        on s.tenant_id = o.tenant_id
       and s.operation_id = o.operation_id
       and s.step = 'claim-message'
       and s.state = 'waiting'
     where o.tenant_id = ${db.tenantId}
       and o.kind = 'send-message'
       ${ofPass}
     order by o.acceptance_sequence desc
     limit ${limit}`);
}
