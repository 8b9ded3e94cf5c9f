import type { Knex } from 'knex';

/** Operations of several bursts are gathered for Klaviyo's bulk jobs, in a row of the same table. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table bursts
      add column kind text not null default 'push-update' check (kind in ('push-update', 'write-back')),
      -- Whether Google is to be told, too.
      add column google boolean not null default false,
      -- When operations were last added.
      add column gathered_at timestamptz,
      -- From then on none are added.
      add column sealed_at timestamptz;
    create index bursts_that_gather on bursts (tenant_id, created_at) where kind = 'write-back' and sealed_at is null;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
