import type { Knex } from 'knex';

/** Voids, expiries, restores and deletions go as bursts, too. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table bursts
      drop constraint bursts_kind_check,
      add constraint bursts_kind_check check (kind in ('push-update', 'change-state', 'write-back'));
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
