import type { Knex } from 'knex';

/**
 * Messages to passes: what a wallet shows (`passes.messages`, the last few, in the row that every reader loads), and what
 * became of each (`messages`). A row is made when its turn has come; before that the operation is all there is.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table passes add column messages jsonb not null default '[]';

    create table messages (
      -- The operation that sends it.
      message_id uuid primary key,
      tenant_id text not null references tenants on delete cascade,
      pass_id uuid not null references passes on delete cascade,
      customer_id uuid not null references customers on delete cascade,
      class text not null check (class in ('service', 'marketing')),
      content jsonb not null,
      state text not null default 'claimed' check (state in ('claimed', 'sent', 'ended')),
      -- The revision of the pass that shows it first.
      revision integer,
      valid_until timestamptz,
      claimed_at timestamptz not null default now(),
      sent_at timestamptz,
      received_at timestamptz,
      ended_at timestamptz
    );
    create index messages_by_pass on messages (tenant_id, pass_id, claimed_at desc);
    create index messages_by_customer on messages (tenant_id, customer_id, class, claimed_at);
    create index messages_due on messages (valid_until) where state = 'sent' and valid_until is not null;
    create index messages_unseen on messages (pass_id) where state = 'sent' and received_at is null;
    select protect('messages');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
