import type { Knex } from 'knex';

/** Deliveries that wait are found by tenant and endpoint, so that tenants take turns; those under way are counted. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index deliveries_to_dispatch;
    create index deliveries_to_dispatch on deliveries (tenant_id, endpoint_id, dispatch_after) where status = 'accepted';
    create index deliveries_under_way on deliveries (endpoint_id, dispatch_after) where status = 'delivering';
    create index deliveries_to_compare on deliveries (dispatch_after) where status in ('delivering', 'retrying');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
