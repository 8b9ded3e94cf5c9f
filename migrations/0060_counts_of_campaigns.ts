import type { Knex } from 'knex';

/**
 * How many rows of a campaign are in which state, kept by a trigger: whatever writes rows, the counts follow in the same
 * transaction, and a look at a million rows costs what one at ten does.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table campaign_counts (
      tenant_id text not null,
      campaign_id uuid not null references campaigns on delete cascade,
      state text not null,
      -- Empty: the row has none.
      outcome text not null,
      rows bigint not null,
      pushed bigint not null,
      primary key (campaign_id, state, outcome)
    ) with (fillfactor = 50);
    select protect('campaign_counts');

    insert into campaign_counts
    select tenant_id, campaign_id, state, coalesce(outcome, ''), count(*), count(*) filter (where pushed)
      from campaign_rows
     group by 1, 2, 3, 4;

    -- Sorted: two transactions take the counts of a campaign in one order.
    create function count_new_campaign_rows() returns trigger language plpgsql as $$ begin
      insert into campaign_counts as c (tenant_id, campaign_id, state, outcome, rows, pushed)
      select tenant_id, campaign_id, state, coalesce(outcome, ''), count(*), count(*) filter (where pushed)
        from fresh
       group by 1, 2, 3, 4
       order by 2, 3, 4
          on conflict (campaign_id, state, outcome) do update
         set rows = c.rows + excluded.rows, pushed = c.pushed + excluded.pushed;
      return null;
    end $$;
    create function count_changed_campaign_rows() returns trigger language plpgsql as $$ begin
      insert into campaign_counts as c (tenant_id, campaign_id, state, outcome, rows, pushed)
      select tenant_id, campaign_id, state, outcome, sum(rows), sum(pushed)
        from (
          select tenant_id, campaign_id, state, coalesce(outcome, '') as outcome, 1 as rows, pushed::int as pushed
            from fresh
          union all
          select tenant_id, campaign_id, state, coalesce(outcome, ''), -1, -pushed::int
            from stale
        ) moved
       group by 1, 2, 3, 4
      having sum(rows) <> 0 or sum(pushed) <> 0
       order by 2, 3, 4
          on conflict (campaign_id, state, outcome) do update
         set rows = c.rows + excluded.rows, pushed = c.pushed + excluded.pushed;
      return null;
    end $$;
    create trigger count_new after insert on campaign_rows
      referencing new table as fresh for each statement execute function count_new_campaign_rows();
    create trigger count_changed after update on campaign_rows
      referencing old table as stale new table as fresh for each statement execute function count_changed_campaign_rows();

    create index campaign_rows_recent on campaign_rows (campaign_id, done_at) where done_at is not null;
    create index campaign_rows_in_trouble on campaign_rows (campaign_id, row_number)
      where reason is not null and state in ('done', 'unreached');
    -- How far phones' fetches are counted: a page of rows at each look.
    alter table campaigns add column fetch_count jsonb;
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
