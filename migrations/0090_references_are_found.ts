import type { Knex } from 'knex';

/** What a deletion follows is found by an index: one that begins with the tenant does not serve a foreign key. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index link_tokens_by_customer_id on link_tokens (customer_id);
    create index consents_by_customer_id on consents (customer_id);
    create index deliveries_by_event_id on deliveries (event_id);
    create index messages_by_pass_id on messages (pass_id);
    create index messages_by_customer_id on messages (customer_id);
    create index offers_by_pass_id on offers (pass_id);
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
