import type { Sql, TenantSql } from './connect.js';
import { sql } from './sql.js';

export interface WindowCount {
  budget: string;
  /** Number of the window since the epoch. */
  window: number;
  used: number;
}

/** Adds counts to their windows and returns what all processes together have used. One statement for any number. */
export async function addToWindows(db: Sql, counts: readonly WindowCount[]): Promise<WindowCount[]> {
  // Sorted, so that two processes never wait for each other's rows crosswise.
  const sorted = [...counts].sort((a, b) => (a.budget < b.budget ? -1 : 1));
  return db.query<WindowCount>(sql`
    insert into rate_budgets as kept (budget, state)
    select budget, jsonb_build_object('window', win, 'used', used)
      from unnest(
        ${sorted.map((count) => count.budget)}::text[],
        ${sorted.map((count) => count.window)}::int[],
        ${sorted.map((count) => count.used)}::int[]
      ) as given (budget, win, used)
    on conflict (budget) do update set
      updated_at = now(),
      state = case
        when (kept.state->>'window')::int > (excluded.state->>'window')::int then kept.state
        when (kept.state->>'window')::int < (excluded.state->>'window')::int then excluded.state
        else jsonb_set(kept.state, '{used}', to_jsonb((kept.state->>'used')::int + (excluded.state->>'used')::int))
      end
    returning budget, (state->>'window')::int as window, (state->>'used')::int as used`);
}

/** Reads and changes one budget while its row is locked; `empty` is the state of an unused budget. */
export async function changeBudget<State extends object, Result>(
  database: TenantSql,
  budget: string,
  empty: State,
  change: (state: State) => { state: State; result: Result },
): Promise<Result> {
  return database.transaction(async (tx) => {
    // The update of an existing row changes nothing: it takes the lock.
    const [row] = await tx.query<{ state: State | null }>(sql`
      insert into rate_budgets (budget, state)
      values (${budget}, ${JSON.stringify(empty)})
      on conflict (budget) do update set budget = excluded.budget
      returning state`);
    const { state, result } = change(row?.state ?? empty);
    await tx.query(sql`
      update rate_budgets
         set state = ${JSON.stringify(state)}, updated_at = now()
       where budget = ${budget}`);
    return result;
  });
}
