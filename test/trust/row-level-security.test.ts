import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { migrate } from '../../src/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { fillTables, tenantTables } from '../support/sample-rows.js';

/** Tables without a tenant, each with the reason why it has none. */
const WITHOUT_TENANT = [
  'knex_migrations', // bookkeeping of the schema
  'knex_migrations_lock',
  'klaviyo_accounts', // which account the hash of a key opens; two tenants may share one
  'rate_budgets', // counts by name of a window; holds no data of anybody
  'payload_keys', // keys of payloads in Temporal, for the system alone
];

let db: TestDatabase;
let tables: string[];
before(async () => {
  db = await createTestDatabase();
  tables = await tenantTables(db);
  await fillTables(db, tables, 'mine');
  await fillTables(db, tables, 'theirs');
});
after(() => db.drop());

const count = async (tenantId: string, table: string): Promise<number> => {
  const [row] = await db.database
    .tenant(tenantId)
    .query<{ n: number }>(`select count(*)::int as n from ${table} where tenant_id is not null`);
  return row!.n;
};

test('every table has a tenant with the wall around it, or a reason to have none', async () => {
  assert.ok(tables.length >= 20, `only ${tables.length} tables found`);
  const bare = await db.owner<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
        and relname <> all($1) and relname <> all($2)`,
    [tables, WITHOUT_TENANT],
  );
  assert.deepEqual(bare, []);
  const walls = await db.owner<{ name: string; enabled: boolean; policies: string[] }>(
    `select c.relname as name, c.relrowsecurity as enabled,
            array(select p.policyname || ' ' || p.cmd || ' ' || p.permissive || ' ' || p.qual from pg_policies p
                   where p.schemaname = 'public' and p.tablename = c.relname)::text[] as policies
       from pg_class c where c.relname = any($1) and c.relnamespace = 'public'::regnamespace`,
    [tables],
  );
  const wall =
    "tenant_wall ALL PERMISSIVE ((current_setting('passrelay.tenant'::text, true) = tenant_id) OR (current_setting('passrelay.tenant'::text, true) = '*'::text))";
  for (const { name, enabled, policies } of walls) {
    assert.equal(enabled, true, `${name}: row level security is off`);
    assert.deepEqual(policies, [wall], name);
  }
});

test('the role sees its own tenant alone, in every table', async () => {
  for (const table of tables) {
    assert.equal(await count('mine', table), 1, `${table}: the tenant itself`);
    assert.equal(await count('nobody', table), 0, `${table}: another tenant`);
    assert.equal(await count('', table), 0, `${table}: no tenant`);
  }
});

test('what belongs to another tenant can be neither changed, nor removed, nor planted', async () => {
  const sql = db.database.tenant('nobody');
  for (const table of tables) {
    assert.deepEqual(await sql.query(`update ${table} set tenant_id = tenant_id returning 1`), [], table);
    assert.deepEqual(await sql.query(`delete from ${table} returning 1`), [], table);
    const planted = db.database.tenant('mine').query(`update ${table} set tenant_id = 'theirs' returning 1`);
    await assert.rejects(planted, { code: '42501' }, `${table}: a row can be pushed over the wall`);
  }
  for (const table of tables) assert.equal(await count('theirs', table), 1, table);
});

test('the role cannot step over the wall', async () => {
  const [role] = await db.owner<Record<string, boolean>>(
    `select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin from pg_roles where rolname = 'passrelay_app'`,
  );
  assert.deepEqual(role, {
    rolsuper: false,
    rolbypassrls: false,
    rolcreaterole: false,
    rolcreatedb: false,
    rolcanlogin: false,
  });
  const owned = await db.owner(
    `select relname from pg_class where relowner = 'passrelay_app'::regrole and relnamespace = 'public'::regnamespace`,
  );
  assert.deepEqual(owned, [], 'the owner of a table may switch its wall off');
  const sql = db.database.tenant('nobody');
  for (const statement of [
    'alter table passes disable row level security',
    'drop policy tenant_wall on passes',
    'create policy all_of_it on passes using (true)',
    'alter role passrelay_app bypassrls',
    "copy passes to program 'cat'",
  ]) {
    await assert.rejects(sql.query(statement), { code: '42501' }, statement);
  }
  // With row security off PostgreSQL refuses the query instead of showing more.
  await assert.rejects(
    sql.transaction(async (inside) => {
      await inside.query('set local row_security = off');
      await inside.query('select * from passes');
    }),
    { code: '42501' },
  );
});

test('a connection that served one tenant shows the next one nothing of it', async () => {
  const seen = await Promise.all(
    Array.from({ length: 60 }, (_, i) => {
      const tenantId = i % 2 ? 'mine' : 'theirs';
      return db.database
        .tenant(tenantId)
        .query<{ tenant_id: string }>('select tenant_id from passes')
        .then((rows) => rows.map((row) => row.tenant_id === tenantId));
    }),
  );
  assert.ok(seen.every((rows) => rows.length === 1 && rows[0]));
});

test('a second owner on the same server is told which role it needs, and how to get it', async () => {
  const name = `second_${randomBytes(6).toString('hex')}`;
  await db.owner(`create role ${name} login password '${name}'`);
  await db.owner(`create database ${name} owner ${name}`);
  try {
    const url = new URL(db.url);
    Object.assign(url, { username: name, password: name, pathname: `/${name}` });
    await assert.rejects(migrate(url.href), (error: Error) => {
      assert.match(error.message, /needs the role passrelay_app/);
      // As a superuser would run it, to the letter.
      assert.match(error.message, new RegExp(`: grant passrelay_app to ${name};$`));
      return true;
    });
    await db.owner(`grant passrelay_app to ${name}`);
    assert.ok((await migrate(url.href)).applied.length > 0, 'the cure works');
  } finally {
    await db.owner(`drop database ${name} with (force)`);
    await db.owner(`drop role ${name}`);
  }
});
