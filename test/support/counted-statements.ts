import type { Database, Sql, TenantSql } from '../../src/database/connect.js';

/** A database that counts its round trips, the beginning and the end of a transaction among them. */
export function countingStatements(database: Database): { database: Database; take(): number } {
  let count = 0;
  const counting = <S extends Sql>(sql: S): S => ({
    ...sql,
    query: (text, values) => (count++, sql.query(text, values)),
  });
  const tenant = (id: string): TenantSql => {
    const sql = counting(database.tenant(id));
    return {
      ...sql,
      transaction: (work) => {
        count += 2;
        return sql.transaction((inside) => work(counting(inside)));
      },
    };
  };
  return {
    database: { ...database, tenant },
    take() {
      const taken = count;
      count = 0;
      return taken;
    },
  };
}
