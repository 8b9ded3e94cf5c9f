import type { Knex } from 'knex';

/** The wallets' own badge artwork of a tenant: `{"apple.de": {"sha256", "type"}}`; licences forbid us to ship it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`alter table tenants add column badges jsonb not null default '{}'`);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
