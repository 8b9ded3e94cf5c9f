import type { Knex } from 'knex';

/** Requests to cancel are passed on in their order, each once for a run: those already asked stand in nobody's way. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table operations add column cancelled_run integer;
    drop index operations_to_cancel;
    create index operations_to_cancel on operations (acceptance_sequence)
      where cancel_requested and status in ('accepted', 'running', 'retrying') and cancelled_run is distinct from run;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
