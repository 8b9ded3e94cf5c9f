import type { Knex } from 'knex';

/** What waits to be started is found by tenant, so that tenants can take turns; in place of the index by time alone. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index operations_to_dispatch;
    create index operations_to_dispatch on operations (tenant_id, dispatch_after) where status = 'accepted';
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
