import type { Knex } from 'knex';

/** An operation that has left its burst joins no other: its run is its own. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table operations add column alone boolean not null default false;
    create index operations_alone on operations (tenant_id, dispatch_after) where status = 'accepted' and alone;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
