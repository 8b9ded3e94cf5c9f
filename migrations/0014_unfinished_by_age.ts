import type { Knex } from 'knex';

/** Operations under way by when they are looked at next: the search for those whose workflow is gone reads no others. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index operations_under_way on operations (dispatch_after) where status in ('running', 'retrying');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
