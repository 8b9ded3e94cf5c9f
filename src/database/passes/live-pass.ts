import type { PassState } from '../../passes/pass.js';
import type { Sql } from '../connect.js';
import { sql } from '../sql.js';

/** A pass that takes its recipient's place for its type: valid, or expired. */
export interface LivePass {
  passId: string;
  serialNumber: string;
  externalId: string | null;
  passTypeId: string;
  state: PassState;
  createdAt: Date;
}

interface Candidate extends LivePass {
  appleType: string | null;
}

const COLUMNS = sql`
  pass_id as "passId",
  serial_number as "serialNumber",
  external_id as "externalId",
  pass_type_id as "passTypeId",
  state,
  created_at as "createdAt"`;

/** The pass that holds this place, locked until the transaction ends, so that it is not voided or expired meanwhile. */
export async function lockLivePass(db: Sql, liveKey: string): Promise<LivePass | undefined> {
  const [seen] = await db.query<Candidate>(sql`
    select ${COLUMNS}, apple_pass_type_identifier as "appleType"
      from passes
     where tenant_id = ${db.tenantId} and live_key = ${liveKey}`);
  if (!seen) return undefined;
  // An expired one is going to change: writers lock the tag of its type before the pass.
  if (seen.state === 'expired' && seen.appleType !== null) {
    await db.query(sql`
      insert into update_tags (tenant_id, apple_pass_type_identifier)
      values (${db.tenantId}, ${seen.appleType})
          on conflict (tenant_id, apple_pass_type_identifier) do update set tag = update_tags.tag`);
  }
  const [locked] = await db.query<LivePass>(sql`
    select ${COLUMNS}
      from passes
     where tenant_id = ${db.tenantId} and live_key = ${liveKey}
       for no key update`);
  return locked;
}

/**
 * The live pass that the merchant's own id names, where a request names nobody: a repeated delivery must not make another
 * one. No key of a table represents such a holder, so requests of one id go one after the other until the commit.
 */
export async function findPassOfNobody(db: Sql, externalId: string, passTypeId: string): Promise<LivePass | undefined> {
  const lockName = `external-id/${db.tenantId}/${externalId}`;
  await db.query(sql`select pg_advisory_xact_lock(hashtextextended(${lockName}, 0))`);
  const [row] = await db.query<{ liveKey: string }>(sql`
    select live_key as "liveKey"
      from passes
     where tenant_id = ${db.tenantId}
       and external_id = ${externalId}
       and pass_type_id = ${passTypeId}
       and live_key is not null
     order by created_at
     limit 1`);
  return row && lockLivePass(db, row.liveKey);
}
