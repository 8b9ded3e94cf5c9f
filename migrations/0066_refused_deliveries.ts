import type { Knex } from 'knex';

/** Deliveries of flows that were refused, counted by reason: what was wrong, and nothing of whom it was about. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table refused_deliveries (
      tenant_id text not null references tenants on delete cascade,
      -- Digest of what makes two refusals the same: caller known or not, listener, code, flow, sentence without its numbers.
      reason bytea not null,
      -- With a valid key of this tenant; false: anybody who named the tenant in the address.
      known_caller boolean not null,
      listener text not null check (length(listener) <= 40),
      code text not null check (length(code) <= 40),
      sentence text not null check (length(sentence) <= 600),
      flow_id text check (length(flow_id) <= 64),
      test boolean not null,
      times bigint not null,
      first_at timestamptz not null,
      last_at timestamptz not null,
      primary key (tenant_id, reason)
    );
    select protect('refused_deliveries');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
