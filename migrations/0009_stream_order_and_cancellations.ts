import type { Knex } from 'knex';

/** Events get their place in the stream when they are fanned out; cancellations are found; customers sync in windows. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Assigned under one lock that is held until commit: readers of the stream never see a gap that fills up later.
    create sequence event_positions;
    grant usage, select on sequence event_positions to passrelay_app;
    alter table events add column position bigint;
    create index events_by_position on events (tenant_id, position) where position is not null;
    create index events_by_age on events (created_at);
    create unique index events_once_without_pass on events (operation_id, type) where pass_id is null and operation_id is not null;

    create index operations_to_cancel on operations (operation_id) where cancel_requested and status in ('accepted', 'running', 'retrying');

    alter table customers add column sync_started_at timestamptz, add column sync_started_by uuid;
    create index customers_by_klaviyo_profile on customers (tenant_id, klaviyo_profile_id) where klaviyo_profile_id is not null;

    -- A device may hold several passes that one operation changes: what it was told is known for each pass.
    alter table notifications drop constraint notifications_pkey, add primary key (operation_id, target, pass_id);
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
