import type { Knex } from 'knex';

/** API and workers read which migrations ran, to say by name that the schema is behind their version. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('grant select on knex_migrations to passrelay_app');
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
