import type { Knex } from 'knex';

/** Since when an endpoint is switched off: the last change of its row says it only until the next change. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table webhook_endpoints add column disabled_at timestamptz;
    update webhook_endpoints set disabled_at = updated_at where state = 'disabled';
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
