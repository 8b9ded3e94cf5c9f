import type { TenantSql } from './connect.js';

/** Changes the state of one budget that all workers share, one at a time; `change` gets null where there is none yet. */
export async function changeSharedState<State, Result>(
  sql: TenantSql,
  budget: string,
  change: (state: State | null) => { state: State; result: Result },
): Promise<Result> {
  return sql.transaction(async (inside) => {
    const look = () =>
      inside.query<{ state: State | null }>('select state from rate_budgets where budget = $1 for update', [budget]);
    let [row] = await look();
    if (!row) {
      await inside.query(
        `insert into rate_budgets (budget, state) values ($1, 'null') on conflict (budget) do nothing`,
        [budget],
      );
      [row] = await look();
    }
    const { state, result } = change(row?.state ?? null);
    await inside.query('update rate_budgets set state = $2, updated_at = now() where budget = $1', [
      budget,
      JSON.stringify(state),
    ]);
    return result;
  });
}
