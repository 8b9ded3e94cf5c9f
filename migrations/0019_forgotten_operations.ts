import type { Knex } from 'knex';

/** When an operation's contents were emptied, so that nobody retries it; and which ones retention has to look at again. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table operations add column forgotten_at timestamptz;
    update operations set forgotten_at = coalesce(ended_at, accepted_at)
     where input = '{}' and kind <> 'backfill' and status in ('succeeded', 'failed', 'cancelled');

    -- Old enough, but not finished when retention came by: the mark moves on, these are looked at again.
    alter table operations add column retention_due boolean not null default false;
    create index operations_retention_due on operations (tenant_id, acceptance_sequence) where retention_due;
    -- Earlier sweeps left no note of what they passed over: one walk over everything finds it.
    update retention_marks set aged_up_to = 0;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
