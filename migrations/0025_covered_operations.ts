import type { Knex } from 'knex';

/** Operations that ended because a later one covers them, by that one: they run again if it ends without effect. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index operation_steps_covered on operation_steps ((detail ->> 'coveredBy'))
      where step = 'find-customer' and detail ->> 'coveredBy' is not null;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
