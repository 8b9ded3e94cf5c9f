import type { Knex } from 'knex';

/** Event positions follow the clock, so that a restored backup never gives one again: the application sets the counter. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`grant update on sequence event_positions to passrelay_app`);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
