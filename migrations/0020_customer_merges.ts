import type { Knex } from 'knex';

/** Which customers were merged into which: their former ids go on leading to the one that stayed. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table customer_merges (
      tenant_id text not null references tenants on delete cascade,
      merged_customer_id uuid not null,
      customer_id uuid not null references customers on delete cascade,
      operation_id uuid,
      merged_at timestamptz not null default now(),
      primary key (tenant_id, merged_customer_id)
    );
    create index customer_merges_by_customer on customer_merges (customer_id);
    select protect('customer_merges');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
