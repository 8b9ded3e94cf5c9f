import type { Knex } from 'knex';

/** When a tenant's records are to be looked after in Klaviyo's ingestion logs, and how far they were read. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table klaviyo_record_checks (
      tenant_id text primary key references tenants on delete cascade,
      -- The last write of a record that was noted; one in twenty seconds is.
      written_at timestamptz not null,
      -- Null: all that was written has been looked after.
      check_after timestamptz,
      -- Looks since the last write: Klaviyo may be late.
      looks integer not null default 0,
      -- What a look reads: entries from here on, up to its own beginning; and the page that is next where it is not through.
      read_from timestamptz not null,
      begun_at timestamptz,
      read_cursor text,
      -- The last backfill that wrote records, which are of no single operation.
      backfill_id uuid,
      backfill_from timestamptz,
      backfill_until timestamptz,
      -- The object in Klaviyo; null where it is not known yet.
      object_type_id text,
      -- Why nothing is read for a while, such as a key without the scope.
      problem text,
      paused_until timestamptz
    );
    select protect('klaviyo_record_checks');
    create index klaviyo_record_checks_due on klaviyo_record_checks (check_after) where check_after is not null;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
