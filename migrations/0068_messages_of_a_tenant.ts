import type { Knex } from 'knex';

/** The newest messages and offers of a tenant, for the operator's page: those held back are operations only. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index operations_of_messages on operations (tenant_id, acceptance_sequence desc) where kind = 'send-message';
    create index offers_by_tenant on offers (tenant_id, created_at desc, offer_id);
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
