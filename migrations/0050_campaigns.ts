import type { Knex } from 'knex';

/** Campaigns, and one row for each member of their audiences. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table campaigns (
      campaign_id uuid primary key,
      tenant_id text not null references tenants on delete cascade,
      name text not null,
      -- Audience, action, schedule and holdout, as they were checked.
      definition jsonb not null,
      state text not null check (state in
        ('uploading', 'preparing', 'ready', 'running', 'paused', 'ended', 'cancelled', 'failed')),
      reason text,
      test boolean not null default false,
      -- It starts by itself once its audience is frozen.
      confirmed boolean not null default false,
      -- The run-campaign whose turn it is: an older one that wakes up changes nothing.
      operation_id uuid,
      -- Where the reading of the audience stands.
      audience_cursor text,
      rows_read bigint not null default 0,
      created_at timestamptz not null default now(),
      prepared_at timestamptz,
      started_at timestamptz,
      paused_at timestamptz,
      ended_at timestamptz,
      -- What the pace has used up, as a time.
      paced_up_to timestamptz
    );
    create index campaigns_by_tenant on campaigns (tenant_id, created_at desc, campaign_id);
    select protect('campaigns');

    create table campaign_rows (
      tenant_id text not null,
      campaign_id uuid not null references campaigns on delete cascade,
      row_number bigint not null,
      -- Line of the file that it came from.
      line integer,
      state text not null check (state in
        ('read', 'refused', 'waiting', 'holdout', 'duplicate', 'unreached', 'accepted', 'done')),
      -- Until the row has led to a pass.
      identifiers jsonb,
      -- Values of the row, until its operation is accepted.
      given jsonb,
      pass_id uuid,
      customer_id uuid,
      due_at timestamptz,
      operation_id uuid,
      outcome text,
      reason text,
      revision integer,
      pushed boolean not null default false,
      done_at timestamptz,
      primary key (campaign_id, row_number)
    );
    create unique index campaign_rows_one_pass on campaign_rows (campaign_id, pass_id) where pass_id is not null;
    create index campaign_rows_read on campaign_rows (campaign_id, row_number) where state = 'read';
    create index campaign_rows_waiting on campaign_rows (campaign_id, due_at, row_number) where state = 'waiting';
    create index campaign_rows_accepted on campaign_rows (campaign_id, operation_id) where state = 'accepted';
    create index campaign_rows_by_customer on campaign_rows (tenant_id, customer_id) where customer_id is not null;
    select protect('campaign_rows');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
