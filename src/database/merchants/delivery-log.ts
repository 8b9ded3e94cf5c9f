import type { Sql } from '../connect.js';
import { empty, sql, type Statement } from '../sql.js';
import type { DeliveryStatus } from './deliveries.js';

export interface DeliveryRow {
  delivery_id: string;
  endpoint_id: string;
  event_id: string;
  type: string;
  status: DeliveryStatus;
  run: number;
  attempts: number;
  next_attempt_at: Date | null;
  created_at: Date;
  ended_at: Date | null;
  log: {
    attempt: number;
    at: string;
    status: number | null;
    error: string | null;
    durationMs: number;
    excerpt: string | null;
  }[];
}

interface DeliveryPlace {
  at: Date;
  id: string;
}

/** A place in the log; its row knows the time to the microsecond, a cursor to the millisecond. */
const isBefore = (tenantId: string, { at, id }: DeliveryPlace): Statement => sql`
  and (d.created_at, d.delivery_id) < (
    coalesce(
      (select b.created_at from deliveries b where b.tenant_id = ${tenantId} and b.delivery_id = ${id}::uuid),
      ${at}::timestamptz
    ),
    ${id}::uuid
  )`;

/** The delivery log, newest first, each with its attempts. `before` is the last row of the page before. */
export async function listDeliveries(
  db: Sql,
  filter: { endpointId?: string; status?: string; before?: DeliveryPlace; limit: number },
): Promise<DeliveryRow[]> {
  const { endpointId, status, before } = filter;
  return db.query<DeliveryRow>(
    sql`
      select
        d.delivery_id,
        d.endpoint_id,
        d.event_id,
        e.type,
        d.status,
        d.run,
        d.attempts,
        d.next_attempt_at,
        d.created_at,
        d.ended_at,
        coalesce(
          (
            select
              jsonb_agg(
                jsonb_build_object(
                  'attempt',
                  a.attempt,
                  'at',
                  a.at,
                  'status',
                  a.status,
                  'error',
                  a.error,
                  'durationMs',
                  a.duration_ms,
                  'excerpt',
                  a.response_excerpt
                )
                order by a.attempt
              )
            from delivery_attempts a
            where a.delivery_id = d.delivery_id
          ),
          '[]'
        ) as log
      from deliveries d join events e on e.event_id = d.event_id
      where d.tenant_id = ${db.tenantId}
        ${endpointId ? sql`and d.endpoint_id = ${endpointId}` : empty}
        ${status ? sql`and d.status = ${status}` : empty}
        ${before ? isBefore(db.tenantId, before) : empty}
      order by d.created_at desc, d.delivery_id desc
      limit ${filter.limit}`,
  );
}
