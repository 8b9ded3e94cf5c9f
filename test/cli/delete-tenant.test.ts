import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { fillTables, tenantTables } from '../support/sample-rows.js';
import { seedTenant } from '../support/tenant.js';

let db: TestDatabase;
let tables: string[];
before(async () => {
  db = await createTestDatabase();
  tables = await tenantTables(db);
  await fillTables(db, tables, 'leaving');
  await fillTables(db, tables, 'staying');
});
after(() => db.drop());

async function run(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), dataDir: '/nowhere' };
  const code = await main(['tenant', 'delete', ...args], { DATABASE_URL: db.url }, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** Rows of each table that has some of the tenant. */
async function held(tenantId: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const table of tables) {
    const [row] = await db.owner<{ n: number }>(`select count(*)::int as n from ${table} where tenant_id = $1`, [
      tenantId,
    ]);
    if (row!.n > 0) found[table] = row!.n;
  }
  return found;
}

const oneOfEach = () => Object.fromEntries(tables.map((table) => [table, 1]));

test('without its id a second time it only says what would go', async () => {
  const { code, out } = await run('leaving');
  assert.equal(code, 0);
  assert.match(out, /Nothing was changed/);
  for (const table of tables) assert.match(out, new RegExp(`^  ${table}: 1$`, 'm'));
  assert.match(out, /tenant delete leaving --confirm leaving --abandon$/);
  const other = await run('leaving', '--confirm', 'staying');
  assert.deepEqual([other.code, /nothing was changed/.test(other.err)], [1, true]);
  assert.match((await run('nobody')).err, /There is no tenant "nobody"/);
  assert.deepEqual(await held('leaving'), oneOfEach());
});

test('a tenant with active passes or open requests is refused, with the way to end them', async () => {
  const { code, err } = await run('leaving', '--confirm', 'leaving');
  assert.equal(code, 1);
  assert.match(err, /1 passes are active.*campaign create leaving --void/);
  assert.match(err, /1 requests are under way/);
  assert.deepEqual(await held('leaving'), oneOfEach());
});

test('nothing of it stays in any table, however many rows it has, and nothing else goes', async () => {
  await db.owner(
    `insert into device_log (tenant_id, message) select 'leaving', 'line ' || n from generate_series(1, 2500) n`,
  );
  const { code, out } = await run('leaving', '--confirm', 'leaving', '--abandon');
  assert.equal(code, 0);
  assert.match(out, /device_log: 2501 removed/);
  assert.match(out, /"leaving" is deleted\.\nWhat stays elsewhere:/);
  assert.deepEqual(await held('leaving'), {});
  assert.deepEqual(await held('staying'), oneOfEach());
});

test('a tenant whose rows refer to each other goes as well', async () => {
  const { tenantId } = await seedTenant(db);
  await db.owner(`update passes set state = 'voided' where tenant_id = $1`, [tenantId]);
  const { code, err } = await run(tenantId, '--confirm', tenantId);
  assert.deepEqual([code, err], [0, '']);
  assert.deepEqual(await held(tenantId), {});
  assert.deepEqual(await held('staying'), oneOfEach());
});

test('every reference that a deletion follows is found by an index', async () => {
  const bare = await db.owner<{ reference: string }>(
    `select conrelid::regclass || '.' || conname as reference
       from pg_constraint k
      where contype = 'f' and confrelid <> 'tenants'::regclass
        and not exists (select from pg_index i
                         where i.indrelid = k.conrelid and k.conkey @> array[i.indkey[0]]
                           and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\\(\\w+ IS NOT NULL\\)$'))`,
  );
  assert.deepEqual(bare, []);
});
