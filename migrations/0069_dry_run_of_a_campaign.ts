import type { Knex } from 'knex';

/** What the dry run of a campaign counted, page by page: one statement over a million rows would take too long. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table campaigns add column dry_run jsonb`);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
