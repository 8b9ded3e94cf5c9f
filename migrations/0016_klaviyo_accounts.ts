import type { Knex } from 'knex';

/** Which Klaviyo account a key opens, so that tenants with the same one share its budget; what set-up made; what a 403 was about. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table klaviyo_accounts (
      key_hash text primary key,
      -- Null where Klaviyo has not said it (yet): then the key itself stands for the account.
      account_id text,
      look_after timestamptz not null
    );
    grant select, insert, update, delete on klaviyo_accounts to passrelay_app;
    delete from rate_budgets where budget like 'klaviyo/%';

    -- Kept apart from the settings, which every apply of the tenant's folder replaces.
    alter table tenants add column klaviyo_data_source_id text;
    update tenants set klaviyo_data_source_id = settings #>> '{klaviyo,dataSourceId}';

    -- The kind of call that was refused by 403; null where the key as a whole was.
    alter table klaviyo_connections add column refused_call text;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
