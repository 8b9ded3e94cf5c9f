import type { Knex } from 'knex';

/** Keys of payloads in Temporal that came from a former SECRETS_KEY, sealed under the current one: runs outlive a rotation. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table payload_keys (
      key_id text primary key,
      sealed_by text not null,
      ciphertext bytea not null,
      created_at timestamptz not null default now()
    );
    alter table payload_keys enable row level security;
    create policy system_wall on payload_keys using (current_setting('passrelay.tenant', true) = '*');
    grant select, insert, update, delete on payload_keys to passrelay_app;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
