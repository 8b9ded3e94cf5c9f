import type { Knex } from 'knex';

/** Messages and their ends go as bursts, too. What a burst holds back waits as a row, not as a run: it is looked for when it is due. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table bursts
      drop constraint bursts_kind_check,
      add constraint bursts_kind_check check (
        kind in ('push-update', 'change-state', 'send-message', 'end-message', 'write-back'));
    create index operations_held_back on operations (dispatch_after)
      where kind = 'send-message' and status = 'running' and dispatched_at is null;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
