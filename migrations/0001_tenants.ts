import type { Knex } from 'knex';

/** Tenants, their hashed API keys, their encrypted secrets, and the role that row level security binds. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create extension if not exists pgcrypto;
    do $$ begin
      if not exists (select from pg_roles where rolname = 'passrelay_app') then
        create role passrelay_app nologin nobypassrls;
      end if;
    exception when duplicate_object or unique_violation then null;
    end $$;
    do $$ begin
      grant passrelay_app to current_user;
    exception when insufficient_privilege then
      -- Somebody who may has made the role and let us act as it; where not, this says so.
      set local role passrelay_app;
      reset role;
    end $$;
    grant usage on schema public to passrelay_app;
    alter default privileges in schema public grant select, insert, update, delete on tables to passrelay_app;
    alter default privileges in schema public grant usage, select on sequences to passrelay_app;

    -- The tenant that the running statement acts for; '*' is the system itself (dispatcher, key lookup).
    create function current_tenant() returns text language sql stable
      as $$ select current_setting('passrelay.tenant', true) $$;
    create function tenant_visible(tenant text) returns boolean language sql stable
      as $$ select current_setting('passrelay.tenant', true) in (tenant, '*') $$;

    create function protect(table_name text) returns void language plpgsql as $$ begin
      execute format('alter table %I enable row level security', table_name);
      execute format('create policy tenant_wall on %I using (current_setting(''passrelay.tenant'', true) in (tenant_id, ''*''))', table_name);
    end $$;

    create table tenants (
      tenant_id text primary key check (tenant_id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
      account_id text not null unique,
      name text not null,
      environment text not null default 'development' check (environment in ('development', 'staging', 'production')),
      settings jsonb not null default '{}',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    select protect('tenants');

    create table api_keys (
      key_id uuid primary key default gen_random_uuid(),
      tenant_id text not null references tenants on delete cascade,
      name text not null,
      key_hash bytea not null unique,
      scopes text[] not null,
      test boolean not null default false,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz
    );
    create index api_keys_by_tenant on api_keys (tenant_id);
    select protect('api_keys');

    -- Ciphertext is AES-256-GCM: key id, nonce, tag and text in one value (src/database/secrets.ts).
    create table tenant_secrets (
      tenant_id text not null references tenants on delete cascade,
      name text not null,
      key_id text not null,
      ciphertext bytea not null,
      created_at timestamptz not null default now(),
      primary key (tenant_id, name)
    );
    select protect('tenant_secrets');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
