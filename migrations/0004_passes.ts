import type { Knex } from 'knex';

/** Customers and their identifiers; passes, their identifiers and their revisions (one per operation that changed them). */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table customers (
      customer_id uuid primary key,
      tenant_id text not null references tenants on delete cascade,
      email text,
      phone text,
      external_customer_id text,
      klaviyo_profile_id text,
      first_name text,
      last_name text,
      language text,
      consent jsonb not null default '{}',
      properties jsonb not null default '{}',
      field_sequences jsonb not null default '{}',
      test boolean not null default false,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create index customers_by_tenant on customers (tenant_id, customer_id);
    select protect('customers');

    create table customer_identifiers (
      tenant_id text not null,
      kind text not null,
      value text not null,
      customer_id uuid not null references customers on delete cascade,
      primary key (tenant_id, kind, value)
    );
    create index customer_identifiers_by_customer on customer_identifiers (customer_id);
    select protect('customer_identifiers');

    create table passes (
      pass_id uuid primary key,
      tenant_id text not null references tenants on delete cascade,
      customer_id uuid not null references customers,
      serial_number text not null unique,
      external_id text,
      pass_type_id text not null,
      pass_type_version integer not null,
      apple_pass_type_identifier text,
      state text not null default 'active' check (state in ('active', 'expired', 'voided', 'deleted')),
      state_sequence bigint not null default 0,
      type_sequence bigint not null default 0,
      data jsonb not null default '{}',
      field_sequences jsonb not null default '{}',
      visuals jsonb not null default '{}',
      revision integer not null default 1,
      update_tag bigint not null default 0,
      lock_version integer not null default 0,
      live_key text,
      test boolean not null default false,
      created_at timestamptz not null default now(),
      modified_at timestamptz not null default now(),
      first_installed_at timestamptz,
      installed_at timestamptz,
      uninstalled_at timestamptz,
      foreign key (tenant_id, pass_type_id, pass_type_version) references pass_type_versions
    );
    create unique index passes_one_live on passes (tenant_id, live_key) where live_key is not null;
    create index passes_by_customer on passes (customer_id);
    create index passes_by_tenant on passes (tenant_id, pass_id);
    create index passes_by_external_id on passes (tenant_id, external_id) where external_id is not null;
    create index passes_by_type on passes (tenant_id, pass_type_id, pass_type_version);
    select protect('passes');

    create table pass_identifiers (
      tenant_id text not null,
      kind text not null,
      value text not null,
      pass_id uuid not null references passes on delete cascade,
      primary key (tenant_id, kind, value, pass_id)
    );
    create index pass_identifiers_by_pass on pass_identifiers (pass_id);
    select protect('pass_identifiers');

    create table pass_revisions (
      tenant_id text not null,
      pass_id uuid not null references passes on delete cascade,
      revision integer not null,
      operation_id uuid not null,
      change text not null,
      changed jsonb not null,
      created_at timestamptz not null default now(),
      primary key (pass_id, revision),
      unique (pass_id, operation_id, change)
    );
    select protect('pass_revisions');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
