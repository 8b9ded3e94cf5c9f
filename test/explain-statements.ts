import pg from 'pg';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { notedStatements } from './support/noted-statements.js';
import { fillTables, tenantTables } from './support/sample-rows.js';

/** Rows that the planner is told each table has, nearly all of one tenant. */
const ROWS = 1_000_000;

/** Tables that stay small, however large a tenant is: reading all of a tenant's rows is no fault there. */
const SMALL = new Set([
  'apple_certificates',
  // One job of a tenant.
  'backfill_jobs',
  'google_classes',
  'images',
  'klaviyo_accounts',
  'klaviyo_connections',
  'klaviyo_record_checks',
  'payload_keys',
  'knex_migrations',
  'rate_budgets',
  // Fifty reasons of a tenant.
  'refused_deliveries',
  'retention_marks',
  'update_tags',

  'api_keys',
  'campaigns',
  'campaign_counts',
  'pass_types',
  'pass_type_versions',
  'tenants',
  'tenant_secrets',
  'webhook_endpoints',
  'webhook_secrets',
]);

/** Statements that have to read all of it, each with the reason. */
const ALLOWED: readonly [text: RegExp, reason: string][] = [
  [/first_saved_at is not null\) as any$/, 'It ends at the first row of an index of such rows.'],
  [
    /^\s*update link_tokens\s+set revoked_at[^$]*\$1\s+and revoked_at is null\s+and expires_at > now\(\)\s+returning/,
    'An operator ends all links of a tenant.',
  ],
  [/^\s*with recursive below \(oid, depth\) as/, "PostgreSQL's own list of our tables."],
  [/^\s*select count\(\*\)::int as count from passes where tenant_id = \$1$/, 'The size of a backfill, counted once.'],
  [
    /email = any \(\$\d+::text\[\]\)\s+or phone = any/,
    'An operator looks a customer up by hand: contacts that identify nobody have no index.',
  ],
];

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Parent Relationship'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  Filter?: string;
  Plans?: Plan[];
}

/** A statement that reads all rows of a tenant, or of everybody, in a table that grows. */
export interface Whole {
  text: string;
  readings: string[];
}

/** Of an index of few rows: by what it is for, such as what is due, and not by whether a column has a value. */
const RARE = `coalesce(pg_get_expr(i.indpred, i.indrelid) !~ '^\\(\\w+ IS NOT NULL\\)$' or i.indrelid = 'bursts'::regclass, false)`;
const FEW = 20;

const tell = (test: TestDatabase, kind: 'relation' | 'attribute', given: Record<string, string>): Promise<unknown> => {
  const args = Object.entries(given).flatMap(([name, value]) => [`'${name}'`, value]);
  return test.owner(`select pg_restore_${kind}_stats('schemaname', 'public', ${args.join(', ')})`);
};

/**
 * Lets the planner believe that the tables are large. One row of each is there, as an empty table counts as empty. Returns
 * the indexes of few rows.
 */
async function pretendMillions(test: TestDatabase): Promise<Set<string>> {
  const tables = await tenantTables(test);
  await fillTables(test, tables, 'large');
  const relations = await test.owner<{
    name: string;
    table: string;
    partial: boolean;
    columns: { name: string; few: boolean }[];
  }>(
    `select c.relname as name, ${RARE} as partial, coalesce((select relname from pg_class t where t.oid = i.indrelid), c.relname) as table,
            case when c.relkind = 'r' then (
              select jsonb_agg(jsonb_build_object('name', a.attname,
                       -- States and the like: what a check lists.
                       'few', a.atttypid = 'boolean'::regtype or a.attname = 'pass_type_id' or exists (
                         select from pg_constraint k
                          where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any(k.conkey)
                            and pg_get_constraintdef(k.oid) ~ 'ANY')))
                from pg_attribute a
                join pg_type t on t.oid = a.atttypid
               where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and t.typname not in ('jsonb', 'bytea')
                 and t.typelem = 0) else '[]' end as columns
       from pg_class c left join pg_index i on i.indexrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'i')
        and coalesce((select relname from pg_class t where t.oid = i.indrelid), c.relname) = any($1)`,
    [tables],
  );
  for (const { name, table, partial, columns } of relations) {
    const rows = SMALL.has(table) ? FEW : partial ? ROWS / 1_000 : ROWS;
    await tell(test, 'relation', { relname: `'${name}'`, relpages: '1::integer', reltuples: `${rows}::real` });
    for (const column of columns) {
      const distinct = column.name === 'tenant_id' ? 1 : column.few ? 5 : -1;
      const given = { relname: `'${name}'`, attname: `'${column.name}'`, inherited: 'false', null_frac: '0::real' };
      await tell(test, 'attribute', { ...given, avg_width: '10::integer', n_distinct: `${distinct}::real` });
    }
  }
  return new Set(relations.filter(({ partial }) => partial).map(({ name }) => name));
}

const NARROW = /\b(?!tenant_id\b)[a-z_]+\)?(::\w+)? (=|<|>|<=|>=) /;

/** Readings of large tables that no condition but the tenant's narrows, and no limit ends. */
function wholeReadings(plan: Plan, partial: ReadonlySet<string>, limited = false): string[] {
  const table = plan['Relation Name'];
  const type = plan['Node Type'];
  // What sorts or counts reads everything beneath it first.
  const ends = type === 'Limit' || (limited && !/^Sort$|Aggregate|Hash|Materialize/.test(type));
  // A limit ends the outer side of a join: the inner one is read for each of its rows.
  const below = (plan.Plans ?? []).flatMap((one) =>
    wholeReadings(one, partial, ends && one['Parent Relationship'] === 'Outer'),
  );
  if (!table || !/Scan$/.test(type) || type === 'Tid Scan' || SMALL.has(table) || limited) return below;
  const condition = plan['Index Cond'] ?? plan['Recheck Cond'] ?? '';
  const index = plan['Index Name'] ?? plan.Plans?.[0]?.['Index Name'] ?? '';
  if (NARROW.test(condition) || partial.has(index)) return below;
  return [...below, `${type} of ${table}${condition && `, ${condition}`}${plan.Filter ? `, then ${plan.Filter}` : ''}`];
}

/**
 * Row level security keeps an expression over columns from the index, an OR with a subquery or an optional filter reads
 * everything: none of it is seen with the few rows of a test.
 * Explains every statement that test processes have noted in a folder, as the product's role, on tables of
 * a million rows.
 */
export async function explainStatements(folder: string): Promise<{ explained: number; whole: Whole[] }> {
  const texts = notedStatements(folder).keys();
  const test = await createTestDatabase();
  const whole: Whole[] = [];
  let explained = 0;
  const client = new pg.Client({ connectionString: test.url });
  try {
    const partial = await pretendMillions(test);
    await client.connect();
    await client.query(`set role passrelay_app; set passrelay.tenant = 'large'; set jit = off;
      set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off`);
    for (const text of [...texts].sort()) {
      if (!/^\s*(select|with|insert|update|delete)\b/i.test(text)) continue;
      // A limit that is not known would count as a tenth of the table.
      const limited = text.replace(/\blimit \$\d+(::int)?/g, 'limit 100');
      const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (generic_plan, format json) ${limited}`,
      );
      explained++;
      if (ALLOWED.some(([allowed]) => allowed.test(text))) continue;
      const readings = wholeReadings(rows[0]!['QUERY PLAN'][0].Plan, partial);
      if (readings.length > 0) whole.push({ text, readings });
    }
  } finally {
    await client.end();
    await test.drop();
  }
  return { explained, whole };
}
