import type { Sql, TenantSql } from './connect.js';

export interface WindowCount {
  budget: string;
  /** Number of the window since the epoch. */
  window: number;
  used: number;
}

/** Adds counts to their windows and returns what all processes together have used. One statement for any number. */
export async function addToWindows(sql: Sql, counts: readonly WindowCount[]): Promise<WindowCount[]> {
  // Sorted, so that two processes never wait for each other's rows crosswise.
  const sorted = [...counts].sort((a, b) => (a.budget < b.budget ? -1 : 1));
  return sql.query<WindowCount>(
    `insert into rate_budgets as kept (budget, state)
     select budget, jsonb_build_object('window', win, 'used', used)
       from unnest($1::text[], $2::int[], $3::int[]) as given (budget, win, used)
     on conflict (budget) do update set updated_at = now(), state = case
       when (kept.state->>'window')::int > (excluded.state->>'window')::int then kept.state
       when (kept.state->>'window')::int < (excluded.state->>'window')::int then excluded.state
       else jsonb_set(kept.state, '{used}', to_jsonb((kept.state->>'used')::int + (excluded.state->>'used')::int)) end
     returning budget, (state->>'window')::int as window, (state->>'used')::int as used`,
    [sorted.map((c) => c.budget), sorted.map((c) => c.window), sorted.map((c) => c.used)],
  );
}

/** Reads and changes one budget while its row is locked; `empty` is the state of a budget that nobody has used yet. */
export async function changeBudget<State extends object, Result>(
  system: TenantSql,
  budget: string,
  empty: State,
  change: (state: State) => { state: State; result: Result },
): Promise<Result> {
  return system.transaction(async (sql) => {
    const [row] = await sql.query<{ state: State }>(
      `insert into rate_budgets (budget, state) values ($1, $2)
       on conflict (budget) do update set budget = excluded.budget returning state`,
      [budget, JSON.stringify(empty)],
    );
    const { state, result } = change(row!.state);
    await sql.query('update rate_budgets set state = $2, updated_at = now() where budget = $1', [
      budget,
      JSON.stringify(state),
    ]);
    return result;
  });
}
