import type { Knex } from 'knex';

/** Each slice of a campaign finds it by its operation. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`create index campaigns_by_operation on campaigns (operation_id) where operation_id is not null`);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
