import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import pg from 'pg';
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

/** How often a connection changes its tenant meanwhile. */
async function noteChanges(work: () => Promise<void>): Promise<number> {
  const { prototype } = pg.Client as unknown as { prototype: { query: (...args: unknown[]) => unknown } };
  const { query } = prototype;
  let changes = 0;
  prototype.query = function (this: unknown, ...args: unknown[]) {
    if (String((args[0] as { text?: unknown } | null)?.text).includes('set_config')) changes += 1;
    return query.apply(this, args);
  };
  try {
    await work();
  } finally {
    prototype.query = query;
  }
  return changes;
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
});

it('those who wait get a connection of their tenant, and none is overtaken for long', async () => {
  await Promise.all(TENANTS.map((tenant) => serve(tenant, 0.1)));
  const changes = await noteChanges(async () => {
    const crowd = Array.from({ length: 60 }, (_, i) => serve(TENANTS[i % 3]!, 0.002));
    await Promise.all(crowd);
  });
  // One by one they would change hands for two of three.
  assert.ok(changes <= 20, `${changes} changes for 60 statements`);
  // A tenant with one request is served beside another one's flood.
  let stop = false;
  const flood = Array.from({ length: 12 }, async () => {
    while (!stop) await serve('ada', 0.01);
  });
  const startedMs = performance.now();
  assert.equal((await serve('lone')).acts, 'lone');
  const waitedMs = performance.now() - startedMs;
  stop = true;
  await Promise.all(flood);
  assert.ok(waitedMs < 2_000, `it waited for ${waitedMs} ms`);
  // More at a time than there are connections: each is served, as whom it asks for.
  const crowd = await Promise.all(Array.from({ length: 40 }, (_, i) => serve(`t${i % 7}`)));
  assert.deepEqual(
    crowd.map(({ acts }) => acts),
    crowd.map((_, i) => `t${i % 7}`),
  );
});
