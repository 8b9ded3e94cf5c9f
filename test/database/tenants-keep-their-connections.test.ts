import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { connectDatabase, type Database } from '../../src/database/connect.js';
import { sql } from '../../src/database/sql.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const TENANTS = ['ada', 'bo', 'cy'];

let test: TestDatabase;
let database: Database;
before(async () => {
  test = await createTestDatabase();
  database = connectDatabase({ url: test.url, poolMax: 4 });
});
after(async () => {
  await database.close();
  await test.drop();
});

/** Which connection serves a statement, and whom it acts for. */
async function serve(tenant: string, seconds = 0): Promise<{ pid: number; acts: string }> {
  const [row] = await database.tenant(tenant).query<{ pid: number; acts: string }>(sql`
    select pg_backend_pid() as pid, current_setting('passrelay.tenant') as acts from pg_sleep(${seconds}::float8)`);
  return row!;
}

it('tenants that take turns keep to their connections, and a new one takes the connection that is free for longest', async () => {
  // At the same time: a connection each.
  const first = await Promise.all(TENANTS.map((tenant) => serve(tenant, 0.2)));
  assert.equal(new Set(first.map(({ pid }) => pid)).size, TENANTS.length);
  for (const round of [0, 1, 2]) {
    for (const place of [0, 1, 2]) {
      const which = (place * (round + 1)) % TENANTS.length;
      const { pid, acts } = await serve(TENANTS[which]!);
      assert.deepEqual([pid, acts], [first[which]!.pid, TENANTS[which]], `round ${round}: ${TENANTS[which]}`);
    }
  }
  for (const tenant of ['bo', 'ada', 'cy']) await serve(tenant);
  assert.deepEqual(await serve('new'), { pid: first[1]!.pid, acts: 'new' });
  assert.equal((await serve('cy')).pid, first[2]!.pid);
  // More at a time than there are connections: each is served, as whom it asks for.
  const crowd = await Promise.all(Array.from({ length: 40 }, (_, i) => serve(`t${i % 7}`)));
  assert.deepEqual(
    crowd.map(({ acts }) => acts),
    crowd.map((_, i) => `t${i % 7}`),
  );
});
