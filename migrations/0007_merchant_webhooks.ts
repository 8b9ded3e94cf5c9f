import type { Knex } from 'knex';

/** Events that merchants read or receive; their endpoints, deliveries and attempts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table events (
      event_id uuid primary key,
      sequence bigint generated always as identity unique,
      tenant_id text not null references tenants on delete cascade,
      type text not null,
      operation_id uuid,
      origin text not null default 'api',
      pass_id uuid,
      customer_id uuid,
      payload jsonb not null,
      created_at timestamptz not null default now(),
      transaction_id xid8 not null default pg_current_xact_id(),
      fanned_out boolean not null default false,
      unique (operation_id, type, pass_id)
    );
    create index events_by_tenant on events (tenant_id, sequence);
    create index events_to_fan_out on events (sequence) where not fanned_out;
    select protect('events');

    create table webhook_endpoints (
      endpoint_id uuid primary key default gen_random_uuid(),
      tenant_id text not null references tenants on delete cascade,
      url text not null,
      event_types text[] not null,
      state text not null default 'enabled' check (state in ('enabled', 'disabled')),
      disabled_reason text,
      failing_since timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index webhook_endpoints_by_tenant on webhook_endpoints (tenant_id);
    select protect('webhook_endpoints');

    create table webhook_secrets (
      secret_id uuid primary key default gen_random_uuid(),
      tenant_id text not null,
      endpoint_id uuid not null references webhook_endpoints on delete cascade,
      key_id text not null,
      ciphertext bytea not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz
    );
    create index webhook_secrets_by_endpoint on webhook_secrets (endpoint_id);
    select protect('webhook_secrets');

    create table deliveries (
      delivery_id uuid primary key,
      tenant_id text not null,
      endpoint_id uuid not null references webhook_endpoints on delete cascade,
      event_id uuid not null references events on delete cascade,
      status text not null default 'accepted' check (status in ('accepted', 'delivering', 'retrying', 'delivered', 'exhausted', 'cancelled')),
      run integer not null default 1,
      attempts integer not null default 0,
      next_attempt_at timestamptz,
      dispatch_after timestamptz not null default now(),
      created_at timestamptz not null default now(),
      ended_at timestamptz,
      unique (endpoint_id, event_id)
    );
    create index deliveries_to_dispatch on deliveries (dispatch_after) where status = 'accepted';
    create index deliveries_by_tenant on deliveries (tenant_id, created_at desc);
    select protect('deliveries');

    create table delivery_attempts (
      tenant_id text not null,
      delivery_id uuid not null references deliveries on delete cascade,
      attempt integer not null,
      at timestamptz not null default now(),
      status integer,
      error text,
      duration_ms integer,
      response_excerpt text,
      primary key (delivery_id, attempt)
    );
    select protect('delivery_attempts');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
