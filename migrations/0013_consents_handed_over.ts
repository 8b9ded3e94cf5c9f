import type { Knex } from 'knex';

/** When a consent was handed to Klaviyo: once, whatever is retried. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table consents add column handed_over_at timestamptz`);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
