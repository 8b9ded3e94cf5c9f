import type { Knex } from 'knex';

/**
 * Offers that are a pass of their own at Google, linked from the card: which object an offer has there, and how far it is. The
 * row is written before the object is made, so that an object whose insert was answered to nobody is known.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table offers
      add column google_object_id text,
      add column google_object_type text check (google_object_type in ('generic', 'loyalty', 'offer')),
      add column google_class_id text,
      -- refused: Google takes no pass of its own, so the card shows the offer.
      add column google_state text check (google_state in ('begun', 'linked', 'refused', 'ended')),
      add constraint offers_google_object_is_whole check (
        num_nulls(google_object_id, google_object_type, google_class_id, google_state) in (0, 4));
    create index offers_at_google on offers (tenant_id, pass_id) where google_object_id is not null;
    create index offers_by_google_object on offers (google_object_id) where google_object_id is not null;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
