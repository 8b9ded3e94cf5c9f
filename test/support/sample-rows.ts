import type { TestDatabase } from './database.js';

/** Every table of the schema that has a tenant, from PostgreSQL's own catalogue: a new one is in the tests at once. */
export async function tenantTables(test: TestDatabase): Promise<string[]> {
  const rows = await test.owner<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and a.attname = 'tenant_id' and not a.attisdropped order by 1`,
  );
  return rows.map(({ name }) => name);
}

interface Column {
  name: string;
  type: string;
  check: string | null;
}

const VALUES: Readonly<Record<string, string>> = {
  text: `md5(random()::text)`,
  'text[]': `'{}'`,
  'uuid[]': `'{}'`,
  uuid: 'gen_random_uuid()',
  bytea: `decode(md5(random()::text), 'hex')`,
  jsonb: `'{}'`,
  integer: '1',
  bigint: '1',
  boolean: 'true',
};

/** An insert of one row of a table for a tenant: values by type, or the first that a check allows. */
async function sampleInsert(test: TestDatabase, table: string, tenantId: string): Promise<string> {
  const columns = await test.owner<Column>(
    `select a.attname as name, format_type(a.atttypid, null) as type,
            (select pg_get_constraintdef(k.oid) from pg_constraint k
              where k.conrelid = a.attrelid and k.contype = 'c' and a.attnum = any(k.conkey) limit 1) as check
       from pg_attribute a
      where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped
        and a.attnotnull and not a.atthasdef and a.attidentity = '' order by a.attnum`,
    [table],
  );
  const value = ({ name, type, check }: Column, index: number): string => {
    if (name === 'tenant_id') return `'${tenantId}'`;
    // A beginning stands before its end: later columns are later.
    if (type === 'timestamp with time zone') return `now() + ${index} * interval '1 hour'`;
    const allowed = check && /'([^']+)'::text/.exec(check)?.[1];
    const made = allowed ? `'${allowed}'` : VALUES[type];
    if (made === undefined) throw new Error(`say in test/support/sample-rows.ts what a value of type ${type} is`);
    return made;
  };
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  return `insert into ${table} (${names}) values (${columns.map(value).join(', ')})`;
}

/** One row of every table for a tenant, past foreign keys. */
export async function fillTables(test: TestDatabase, tables: readonly string[], tenantId: string): Promise<void> {
  const inserts = [];
  for (const table of tables) inserts.push(await sampleInsert(test, table, tenantId));
  await test.owner(`set session_replication_role = replica; ${inserts.join('; ')}; reset session_replication_role`);
}
