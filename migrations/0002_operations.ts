import type { Knex } from 'knex';

/** Inbox, idempotency key, order, status and audit of every accepted request in one table; steps beside it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create sequence acceptance_sequence;
    create table operations (
      operation_id uuid primary key,
      acceptance_sequence bigint not null default nextval('acceptance_sequence') unique,
      tenant_id text not null references tenants on delete cascade,
      kind text not null,
      origin text not null default 'api' check (origin in ('klaviyo', 'api', 'device', 'google', 'merchant', 'operator', 'system')),
      idempotency_key text,
      body_hash bytea,
      input jsonb not null,
      repairs jsonb not null default '[]',
      response jsonb,
      flow_id text,
      test boolean not null default false,
      status text not null default 'accepted' check (status in ('accepted', 'running', 'retrying', 'succeeded', 'failed', 'cancelled')),
      outcome text,
      reason text,
      pass_id uuid,
      customer_id uuid,
      matched text[],
      changed_fields text[],
      revision integer,
      run integer not null default 1,
      cancel_requested boolean not null default false,
      accepted_at timestamptz not null default now(),
      dispatch_after timestamptz not null default now(),
      dispatched_at timestamptz,
      started_at timestamptz,
      ended_at timestamptz
    );
    create unique index operations_by_idempotency_key on operations (tenant_id, idempotency_key) where idempotency_key is not null;
    create index operations_to_dispatch on operations (dispatch_after) where status = 'accepted';
    create index operations_by_tenant on operations (tenant_id, acceptance_sequence desc);
    create index operations_by_pass on operations (tenant_id, pass_id, acceptance_sequence desc) where pass_id is not null;
    create index operations_by_customer on operations (tenant_id, customer_id, acceptance_sequence desc) where customer_id is not null;
    create index operations_unfinished on operations (tenant_id, kind) where status in ('accepted', 'running', 'retrying');
    select protect('operations');

    create table operation_steps (
      tenant_id text not null,
      operation_id uuid not null references operations on delete cascade,
      step text not null,
      state text not null check (state in ('waiting', 'running', 'retrying', 'succeeded', 'failed', 'skipped')),
      attempts integer not null default 0,
      started_at timestamptz not null default now(),
      ended_at timestamptz,
      last_error jsonb,
      detail jsonb not null default '{}',
      primary key (operation_id, step)
    );
    select protect('operation_steps');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
