import type { Knex } from 'knex';

/** For statements that read all of a tenant's rows, or of everybody's, in tables that grow with its passes. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index bursts_by_end on bursts (ended_at);
    create index bursts_by_time on bursts (created_at);
    create index apple_devices_by_push_token on apple_devices (tenant_id, push_token) where token_gone_at is null;
    create index google_objects_ever_saved on google_objects (tenant_id) where first_saved_at is not null;
    -- What is held of one customer: for an export and an erasure.
    create index events_by_pass on events (pass_id) where pass_id is not null;
    create index events_by_customer on events (customer_id) where customer_id is not null;
    create index operations_of_nobody on operations (tenant_id) where customer_id is null and pass_id is null;
    create index campaign_rows_by_pass on campaign_rows (pass_id) where pass_id is not null;
    create index campaign_rows_of_nobody on campaign_rows (tenant_id) where customer_id is null and identifiers is not null;
    create index device_log_of_no_pass on device_log (device_id) where pass_id is null;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
