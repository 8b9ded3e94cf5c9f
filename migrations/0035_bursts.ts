import type { Knex } from 'knex';

/** Many operations of one tenant in one run: which, how often each step was begun, and how long it took. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table bursts (
      burst_id uuid primary key,
      tenant_id text not null references tenants on delete cascade,
      -- In the order of acceptance.
      operation_ids uuid[] not null,
      -- Step to how often it was begun: a step that dies with its worker takes a smaller slice each time.
      attempts jsonb not null default '{}',
      dispatched_by uuid not null,
      created_at timestamptz not null default now(),
      -- Until its first step is done: the dispatcher starts it again after this.
      lease_until timestamptz,
      -- When its passes were changed and their phones told.
      notified_at timestamptz,
      ended_at timestamptz
    );
    create index bursts_to_start on bursts (lease_until) where lease_until is not null;
    create index bursts_by_tenant on bursts (tenant_id, created_at desc);
    select protect('bursts');

    alter table operations add column burst_id uuid;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
