import type { Knex } from 'knex';

/** The beginnings and the ends of offers go as bursts, too. What an offer was asked for by its times is noted with it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table bursts
      drop constraint bursts_kind_check,
      add constraint bursts_kind_check check (kind in (
        'push-update', 'change-state', 'send-message', 'end-message', 'start-offer', 'end-offer', 'write-back'));
    alter table offers
      add column asked text check (asked in ('start-offer', 'end-offer'));
    drop index offers_to_start;
    drop index offers_to_end;
    create index offers_to_start on offers (starts_at) where state = 'planned' and asked is null;
    create index offers_to_end on offers (ends_at) where state <> 'ended' and asked is distinct from 'end-offer';
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
