import type { Knex } from 'knex';

/**
 * A notification is charged before it is sent, since an answer may be lost: which revision it was for, and when it was
 * charged, so that a retry charges nothing twice and a refusal gives it back.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table google_objects add column charged_revision integer;
    alter table google_objects add column charged_at timestamptz;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
