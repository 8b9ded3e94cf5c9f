import type { Knex } from 'knex';

/** That the end of a message was asked for is noted with it: what is due is looked at once. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table messages
      add column end_asked boolean not null default false;
    drop index messages_due;
    create index messages_due on messages (valid_until) where state = 'sent' and valid_until is not null and not end_asked;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
