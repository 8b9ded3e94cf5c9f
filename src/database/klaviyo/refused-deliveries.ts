import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';

export interface RefusedDelivery {
  /** Digest, in hex, of what makes two refusals the same. */
  reason: string;
  known_caller: boolean;
  listener: string;
  code: string;
  sentence: string;
  flow_id: string | null;
  test: boolean;
  times: number;
  first_at: Date;
  last_at: Date;
}

/** Reasons that a tenant keeps of callers with its keys. What strangers cause has a few fixed reasons and is kept apart. */
const MOST_REASONS = 50;
const KEPT_DAYS = 30;

/** The tenants that exist of those named, by the id or the account that named them. */
export async function knownTenants(system: SystemSql, names: readonly string[]): Promise<Map<string, string>> {
  const rows = await system.query<{ name: string; tenant_id: string }>(sql`
    select tenant_id as name, tenant_id from tenants where tenant_id = any(${[...names]}::text[])
    union all
    select account_id as name, tenant_id from tenants where account_id = any(${[...names]}::text[])`);
  return new Map(rows.map(({ name, tenant_id }) => [name, tenant_id]));
}

/** Adds refusals of one tenant to those of the same reason, then forgets the oldest reasons beyond the limit. */
export async function countRefusals(db: Sql, refused: readonly RefusedDelivery[]): Promise<void> {
  await db.query(sql`
    insert into refused_deliveries
           (tenant_id, reason, known_caller, listener, code, sentence, flow_id, test, times, first_at, last_at)
    select ${db.tenantId}, decode(r.reason, 'hex'), r.known_caller, r.listener, r.code, r.sentence, r.flow_id, r.test,
           r.times, r.first_at, r.last_at
      from jsonb_to_recordset(${JSON.stringify(refused)}::jsonb)
           as r (reason text, known_caller boolean, listener text, code text, sentence text, flow_id text, test boolean,
                 times bigint, first_at timestamptz, last_at timestamptz)
     -- One order for all processes: no two wait for each other.
     order by r.reason
        on conflict (tenant_id, reason) do update
       set sentence = excluded.sentence,
           times = refused_deliveries.times + excluded.times,
           last_at = greatest(refused_deliveries.last_at, excluded.last_at)`);
  await db.query(sql`
    delete from refused_deliveries
     where tenant_id = ${db.tenantId}
       and known_caller
       and reason in (
             select reason
               from refused_deliveries
              where tenant_id = ${db.tenantId} and known_caller
              order by last_at desc, reason
             offset ${MOST_REASONS})`);
}

/** Reasons of one tenant, the last first: those of its own callers, then what strangers caused. */
export function listRefusals(db: Sql): Promise<RefusedDelivery[]> {
  return db.query<RefusedDelivery>(sql`
    select encode(reason, 'hex') as reason, known_caller, listener, code, sentence, flow_id, test, times::int, first_at, last_at
      from refused_deliveries
     where tenant_id = ${db.tenantId}
       and last_at > now() - ${KEPT_DAYS}::int * interval '1 day'
     order by known_caller desc, last_at desc, reason
     limit ${2 * MOST_REASONS}`);
}

/** Removes reasons that were not met for a month. */
export async function deleteOldRefusals(system: SystemSql): Promise<void> {
  await system.query(sql`
    delete from refused_deliveries where last_at < now() - ${KEPT_DAYS}::int * interval '1 day'`);
}
