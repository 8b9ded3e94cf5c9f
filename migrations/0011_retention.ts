import type { Knex } from 'knex';

/** Up to which operation each tenant's past is emptied: a mark costs the hot path nothing, an index would. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table retention_marks (
      tenant_id text primary key references tenants on delete cascade,
      aged_up_to bigint not null
    );
    select protect('retention_marks');
    create index google_callback_nonces_by_age on google_callback_nonces (received_at);
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
