import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '../../src/database/connect.js';
import { findSchemaState } from '../../src/database/schema-state.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const script = fileURLToPath(new URL('../../src/migrate.ts', import.meta.url));

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
});
after(() => db.drop());

/** What a container named `migrate` and Helm's hook run: only exit code 0 lets API and workers start. */
const migrateCommand = () =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const env = { PATH: process.env['PATH'], DATABASE_URL: db.url };
    execFile(process.execPath, ['--import', 'tsx', script], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });

const note = (...names: string[]) =>
  db.owner(
    `insert into knex_migrations (name, batch, migration_time) select name, 99, now() from unnest($1::text[]) name`,
    [names],
  );

test('an older version leaves a newer schema as it is and starts', async () => {
  assert.deepEqual(await migrateCommand(), { code: 0, out: 'The schema is up to date.\n', err: '' });

  await note('0998_of_later', '0999_of_later');
  const { code, out } = await migrateCommand();
  assert.equal(code, 0);
  assert.match(out, /of a newer version and stays as it is: it has 0998_of_later, 0999_of_later/);
  const database = connectDatabase({ url: db.url });
  assert.deepEqual(await findSchemaState(database.system), { state: 'ahead', cure: null });
  await database.close();
});

test('a schema that lacks something of ours, or has something that is not ours, stays an error', async () => {
  const names = await db.owner<{ name: string }>('select name from knex_migrations order by id limit 1');
  await db.owner('update knex_migrations set name = $1 where name = $2', ['0000_of_a_branch', names[0]!.name]);
  const behind = await migrateCommand();
  assert.deepEqual([behind.code, behind.out], [1, '']);
  assert.match(behind.err, /of another version: it knows 0000_of_a_branch, 0998_of_later, 0999_of_later/);

  await db.owner('update knex_migrations set name = $1 where name = $2', [names[0]!.name, '0000_of_a_branch']);
  assert.equal((await migrateCommand()).code, 0);
  await note('20250101_of_another_product');
  const foreign = await migrateCommand();
  assert.deepEqual([foreign.code, foreign.out], [1, '']);
  assert.match(foreign.err, /20250101_of_another_product/);
});
