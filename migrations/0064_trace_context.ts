import type { Knex } from 'knex';

/** Where an operation stands in the trace of who asked for it: it is started later, by another process. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('alter table operations add column trace_context text');
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
