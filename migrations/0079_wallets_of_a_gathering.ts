import type { Knex } from 'knex';

/** Which wallets a gathering is to write, as a list: `google` was a flag, and is read by workers of the former release alone. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table bursts add column wallets text[] not null default '{}';
    update bursts set wallets = '{google}' where google;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
