import type { Knex } from 'knex';

/** Which dispatcher started an operation's workflow: the share of a tenant is counted for each of them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table operations add column dispatched_by uuid;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
