import type { Knex } from 'knex';

/** Personal links: only the hash of a token is kept. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table link_tokens (
      token_hash bytea primary key,
      tenant_id text not null references tenants on delete cascade,
      customer_id uuid not null references customers on delete cascade,
      purpose text not null,
      generation integer not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      revoked_at timestamptz,
      last_used_at timestamptz
    );
    create index link_tokens_by_customer on link_tokens (tenant_id, customer_id);
    select protect('link_tokens');

    create table consents (
      consent_id uuid primary key default gen_random_uuid(),
      tenant_id text not null references tenants on delete cascade,
      customer_id uuid not null references customers on delete cascade,
      channel text not null,
      granted boolean not null,
      text_version text,
      method text not null,
      given_at timestamptz not null default now()
    );
    create index consents_by_customer on consents (tenant_id, customer_id, given_at desc);
    select protect('consents');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
