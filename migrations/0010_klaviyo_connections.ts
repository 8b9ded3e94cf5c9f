import type { Knex } from 'knex';

/** Whether Klaviyo takes a tenant's key, so that a refused one is told once; and lists of passes by age. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table klaviyo_connections (
      tenant_id text primary key references tenants on delete cascade,
      state text not null check (state in ('working', 'refused')),
      reason text,
      -- The secret that was refused: another one is tried at once.
      key_version text not null,
      since timestamptz not null,
      -- The same secret is tried again after this, by one operation: a refusal may have been an outage in front of Klaviyo.
      probe_after timestamptz not null
    );
    select protect('klaviyo_connections');

    create index passes_by_age on passes (tenant_id, created_at desc, pass_id desc);
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
