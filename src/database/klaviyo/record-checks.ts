import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';

/** Klaviyo accepts a record before it checks it: after a minute most have been checked. */
const FIRST_LOOK = sql`interval '1 minute'`;
/** A statement that changes nothing, for most records of a crowd. */
const NOTE_EVERY = sql`interval '20 seconds'`;
/** Entries may come late, with the time of what they are about. */
const OVERLAP = sql`interval '2 minutes'`;
/** Pauses after the first and the second check of what was written last; then checking stops. */
const LATER_LOOKS_S = [240, 1_500];

/** Records were sent to Klaviyo, by an operation of their pass or by a backfill: its ingestion logs are due a minute later. */
export async function noteRecordsWritten(db: Sql, backfillId: string | null = null): Promise<void> {
  await db.query(sql`
    with first as (
      insert into klaviyo_record_checks (tenant_id, written_at, check_after, read_from)
      values (${db.tenantId}, now(), now() + ${FIRST_LOOK}, now() - ${FIRST_LOOK})
          on conflict do nothing
    )
    update klaviyo_record_checks
       set written_at = now(),
           looks = 0,
           check_after = least(coalesce(check_after, 'infinity'), now() + ${FIRST_LOOK}),
           read_from = case when check_after is null then now() - ${FIRST_LOOK} else read_from end
     where tenant_id = ${db.tenantId}
       and written_at < now() - ${NOTE_EVERY}`);
  if (backfillId === null) return;
  await db.query(sql`
    update klaviyo_record_checks
       set backfill_id = ${backfillId}::uuid,
           backfill_from = case when backfill_id = ${backfillId}::uuid then backfill_from else now() end,
           backfill_until = now()
     where tenant_id = ${db.tenantId}`);
}

/** Takes tenants whose logs are due, each for `leaseMs`. */
export async function claimRecordChecks(system: SystemSql, limit: number, leaseMs: number): Promise<string[]> {
  const rows = await system.query<{ tenant_id: string }>(sql`
    update klaviyo_record_checks
       set check_after = now() + ${leaseMs}::double precision * interval '1 millisecond'
     where tenant_id in (
             select tenant_id
               from klaviyo_record_checks
              where check_after <= now()
                and coalesce(paused_until, '-infinity') <= now()
              order by check_after
              limit ${limit}
                for update skip locked)
    returning tenant_id`);
  return rows.map(({ tenant_id }) => tenant_id);
}

export interface RecordCheck {
  read_from: Date;
  begun_at: Date;
  read_cursor: string | null;
  object_type_id: string | null;
}

/** Begins a look, or goes on with one that is not through; undefined where nothing is to be read. */
export async function beginRecordCheck(db: Sql): Promise<RecordCheck | undefined> {
  const [row] = await db.query<RecordCheck>(sql`
    update klaviyo_record_checks
       set begun_at = case when read_cursor is null then now() else begun_at end
     where tenant_id = ${db.tenantId}
       and check_after is not null
    returning read_from, begun_at, read_cursor, object_type_id`);
  return row;
}

/** The page with which this look goes on. */
export async function continueRecordCheck(db: Sql, cursor: string): Promise<void> {
  await db.query(sql`
    update klaviyo_record_checks set read_cursor = ${cursor} where tenant_id = ${db.tenantId}`);
}

/** The look is through: the next one follows what was written meanwhile, or comes twice more, later, and then rests. */
export async function endRecordCheck(db: Sql): Promise<void> {
  await db.query(sql`
    update klaviyo_record_checks
       set read_cursor = null,
           read_from = begun_at - ${OVERLAP},
           problem = null,
           paused_until = null,
           looks = case when written_at > begun_at - ${FIRST_LOOK} then 0 else looks + 1 end,
           check_after = case
             when written_at > begun_at - ${FIRST_LOOK} then now() + ${FIRST_LOOK}
             else now() + (${LATER_LOOKS_S}::int[])[looks + 1] * interval '1 second'
           end
     where tenant_id = ${db.tenantId}`);
}

/** Remembers the object whose logs are read; null where it is no longer there. */
export async function rememberObjectType(db: Sql, objectTypeId: string | null): Promise<void> {
  await db.query(sql`
    update klaviyo_record_checks set object_type_id = ${objectTypeId} where tenant_id = ${db.tenantId}`);
}

/** Nothing can be read for now: it is tried again after a while, from where it stopped. */
export async function pauseRecordChecks(db: Sql, problem: string, seconds: number): Promise<void> {
  await db.query(sql`
    update klaviyo_record_checks
       set problem = ${problem},
           -- It may be what was refused.
           read_cursor = null,
           paused_until = now() + ${seconds}::int * interval '1 second',
           check_after = now() + ${seconds}::int * interval '1 second'
     where tenant_id = ${db.tenantId}`);
}

export interface PausedRecordCheck {
  tenantId: string;
  /** Why, as given to `pauseRecordChecks`: a code, a colon and a sentence. */
  problem: string;
}

/** Tenants whose refused records are not read back until the fault is fixed and a check succeeds. */
export async function listPausedRecordChecks(system: SystemSql): Promise<PausedRecordCheck[]> {
  return system.query<PausedRecordCheck>(sql`
    select tenant_id as "tenantId", problem
      from klaviyo_record_checks
     where problem is not null
       and check_after is not null
     order by tenant_id`);
}

/** Nothing is to be read any more: the tenant has no key or no object. */
export async function stopRecordChecks(db: Sql): Promise<void> {
  await db.query(
    sql`update klaviyo_record_checks set check_after = null, problem = null where tenant_id = ${db.tenantId}`,
  );
}

export interface RefusedRecord {
  serialNumber: string;
  /** When Klaviyo refused it. */
  at: Date;
}

/** A step that wrote a record which was refused, with what it says of itself. */
export interface WriterOfRecord {
  serial_number: string;
  at: Date;
  operation_id: string;
  step: 'write-back-object' | 'backfill';
  detail: Record<string, unknown>;
}

/** Clocks differ by so much. */
const SKEW = sql`interval '5 seconds'`;

/** The steps that had written these records last when Klaviyo refused them. Operations that were emptied are none. */
export async function findWritersOfRecords(db: Sql, refused: readonly RefusedRecord[]): Promise<WriterOfRecord[]> {
  return db.query<WriterOfRecord>(sql`
    select r.serial_number, r.at, wrote.operation_id, wrote.step, wrote.detail
      from unnest(
             ${refused.map(({ serialNumber }) => serialNumber)}::text[],
             ${refused.map(({ at }) => at)}::timestamptz[]
           ) as r (serial_number, at)
      join passes p on p.tenant_id = ${db.tenantId} and p.serial_number = r.serial_number
     cross join lateral (
           select s.operation_id, s.step, s.detail, s.ended_at as wrote_at
             from operations o
             join operation_steps s on s.tenant_id = o.tenant_id and s.operation_id = o.operation_id
            where o.tenant_id = ${db.tenantId}
              -- A profile sync is of a customer, and writes all passes.
              and (o.pass_id = p.pass_id or (o.pass_id is null and o.customer_id = p.customer_id))
              and o.forgotten_at is null
              and s.step = 'write-back-object'
              and s.state = 'succeeded'
              and s.ended_at <= r.at + ${SKEW}
            union all
           select s.operation_id, s.step, s.detail, least(k.backfill_until, r.at)
             from klaviyo_record_checks k
             join operation_steps s on s.tenant_id = k.tenant_id and s.operation_id = k.backfill_id
            where k.tenant_id = ${db.tenantId}
              and k.backfill_from <= r.at + ${SKEW}
              and s.step = 'backfill'
            order by wrote_at desc
            limit 1) wrote`);
}

/** Writes what these steps say of themselves besides, also after their operations have ended. */
export async function addToSteps(
  db: Sql,
  steps: readonly Pick<WriterOfRecord, 'operation_id' | 'step' | 'detail'>[],
): Promise<void> {
  await db.query(sql`
    update operation_steps s
       set detail = s.detail || given.detail
      from unnest(
             ${steps.map(({ operation_id }) => operation_id)}::uuid[],
             ${steps.map(({ step }) => step)}::text[],
             ${steps.map(({ detail }) => JSON.stringify(detail))}::jsonb[]
           ) as given (operation_id, step, detail)
     where s.tenant_id = ${db.tenantId}
       and s.operation_id = given.operation_id
       and s.step = given.step`);
}
