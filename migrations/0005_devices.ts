import type { Knex } from 'knex';

/** Apple devices and registrations, Google objects, push windows, and what each device was told. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table apple_devices (
      device_id uuid primary key default gen_random_uuid(),
      tenant_id text not null references tenants on delete cascade,
      device_library_identifier text not null,
      push_token text not null,
      token_updated_at timestamptz not null default now(),
      token_gone_at timestamptz,
      created_at timestamptz not null default now(),
      unique (tenant_id, device_library_identifier)
    );
    select protect('apple_devices');

    create table apple_registrations (
      tenant_id text not null,
      device_id uuid not null references apple_devices on delete cascade,
      pass_id uuid not null references passes on delete cascade,
      apple_pass_type_identifier text not null,
      registered_at timestamptz not null default now(),
      last_listed_at timestamptz,
      last_fetched_at timestamptz,
      fetched_revision integer,
      primary key (device_id, pass_id)
    );
    create index apple_registrations_by_pass on apple_registrations (pass_id);
    select protect('apple_registrations');

    create table device_log (
      tenant_id text not null,
      log_id bigint generated always as identity primary key,
      device_id uuid,
      pass_id uuid,
      message text not null,
      received_at timestamptz not null default now()
    );
    create index device_log_by_pass on device_log (tenant_id, pass_id, log_id desc);
    create index device_log_by_time on device_log (received_at);
    select protect('device_log');

    -- The push budget of one device and pass type: when it was last pushed, and the push that is due.
    create table push_windows (
      tenant_id text not null,
      device_id uuid not null references apple_devices on delete cascade,
      apple_pass_type_identifier text not null,
      pushed_at timestamptz,
      pushed_by uuid,
      due_at timestamptz,
      due_by uuid,
      primary key (device_id, apple_pass_type_identifier)
    );
    select protect('push_windows');

    -- What each operation told each wallet: one row per device, so that a retry never repeats what was delivered.
    create table notifications (
      tenant_id text not null,
      operation_id uuid not null references operations on delete cascade,
      target text not null,
      device_id uuid,
      pass_id uuid not null,
      platform text not null check (platform in ('apple', 'google')),
      state text not null check (state in ('pending', 'scheduled', 'delivered', 'covered', 'gone', 'refused', 'failed')),
      attempts integer not null default 0,
      covered_by uuid,
      reason text,
      provider_id text,
      updated_at timestamptz not null default now(),
      primary key (operation_id, target)
    );
    create index notifications_by_pass on notifications (tenant_id, pass_id, updated_at desc);
    select protect('notifications');

    create table google_objects (
      tenant_id text not null,
      pass_id uuid not null references passes on delete cascade,
      object_id text not null unique,
      object_type text not null,
      class_id text not null,
      state text not null default 'absent' check (state in ('absent', 'live', 'retired')),
      synced_revision integer,
      lease_until timestamptz,
      lease_by uuid,
      saved_at timestamptz,
      first_saved_at timestamptz,
      removed_at timestamptz,
      notified_at timestamptz[] not null default '{}',
      linked_from text,
      created_at timestamptz not null default now(),
      primary key (tenant_id, pass_id, object_type, class_id)
    );
    create index google_objects_by_pass on google_objects (pass_id);
    select protect('google_objects');

    create table google_classes (
      tenant_id text not null references tenants on delete cascade,
      class_id text not null,
      object_type text not null,
      digest text not null,
      updated_at timestamptz not null default now(),
      primary key (tenant_id, class_id)
    );
    select protect('google_classes');

    create table google_callback_nonces (
      tenant_id text not null,
      nonce text not null,
      received_at timestamptz not null default now(),
      primary key (tenant_id, nonce)
    );
    select protect('google_callback_nonces');

    -- Rate budgets shared by all workers: Google's requests per issuer, Klaviyo's windows per account.
    create table rate_budgets (
      budget text primary key,
      state jsonb not null,
      updated_at timestamptz not null default now()
    );
    grant select, insert, update, delete on rate_budgets to passrelay_app;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
