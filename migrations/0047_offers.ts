import type { Knex } from 'knex';

/**
 * Time-boxed offers: what lies over a pass now (`passes.offers`, in the row that every reader loads), and each offer with its
 * times and uses (`offers`). Their due times are rows: a lost history loses no offer.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table passes add column offers jsonb not null default '[]';

    create table offers (
      -- The operation that made it.
      offer_id uuid primary key,
      tenant_id text not null references tenants on delete cascade,
      pass_id uuid not null references passes on delete cascade,
      acceptance_sequence bigint not null,
      pass_type_id text,
      fields jsonb not null,
      priority integer not null,
      starts_at timestamptz not null,
      ends_at timestamptz not null check (ends_at > starts_at),
      -- How often it can be redeemed; null: as often as one likes.
      uses integer check (uses > 0),
      used integer not null default 0,
      notify_at_end boolean not null default false,
      state text not null default 'planned' check (state in ('planned', 'active', 'ended')),
      created_at timestamptz not null default now(),
      started_at timestamptz,
      ended_at timestamptz
    );
    create index offers_by_pass on offers (tenant_id, pass_id, created_at desc);
    create index offers_to_start on offers (starts_at) where state = 'planned';
    create index offers_to_end on offers (ends_at) where state <> 'ended';
    select protect('offers');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
