import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connectDatabase } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrate.js';
import { freePort } from '../../src/embedded/free-port.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { findTemporalCli } from '../../src/embedded/temporal-cli.js';
import { startTemporal } from '../../src/embedded/temporal.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.js';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { accept, ended } from '../support/operations.js';
import { seedTenant } from '../support/tenant.js';

const quiet = (): void => undefined;
const update = (email: string, points: number) => ({
  kind: 'push-update' as const,
  input: { identifiers: [{ kind: 'email', value: email }], passType: null, data: { points }, updateMetadata: false },
});

describe('what was accepted is executed, whatever is down at that moment', () => {
  it('no worker at all: the next worker finds it', async (t) => {
    const test = await createTestDatabase();
    t.after(() => test.drop());
    const tenant = await seedTenant(test, {});
    const operationId = await accept(test, tenant, update(tenant.email, 5));
    const engine = await startEngine(test);
    try {
      assert.equal((await ended(test, tenant.tenantId, operationId)).outcome, 'updated');
    } finally {
      await engine.stop();
    }
  });

  it('Temporal down: accepted meanwhile, executed when it is back, and the running worker recovers', async (t) => {
    const test = await createTestDatabase();
    t.after(() => test.drop());
    const folder = mkdtempSync(join(tmpdir(), 'passrelay-drill-'));
    const cli = await findTemporalCli({ log: quiet });
    const port = await freePort();
    const start = () =>
      startTemporal({
        searchAttributes: SEARCH_ATTRIBUTES,
        cliPath: cli.path,
        dbFilename: join(folder, 'temporal.db'),
        port,
        headless: true,
        log: quiet,
      });
    let temporal = await start();
    const engine = await startEngine(test, { address: temporal.address });
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    try {
      const tenant = await seedTenant(test, {});
      const first = await accept(test, tenant, update(tenant.email, 1));
      assert.equal((await ended(test, tenant.tenantId, first)).outcome, 'updated');
      await temporal.stop();
      const second = await accept(test, tenant, update(tenant.email, 2));
      temporal = await start();
      const row = await ended(test, tenant.tenantId, second, 90_000);
      assert.deepEqual([row.status, row.outcome], ['succeeded', 'updated']);
    } finally {
      await engine.stop();
      await temporal.stop();
    }
  });

  it('PostgreSQL restarted under load: every accepted update ends, in order', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'passrelay-drill-'));
    const port = await freePort();
    const start = () => startPostgres({ dataDir: folder, port, log: quiet });
    let postgres = await start();
    await migrate(postgres.url);
    const database = connectDatabase({ url: postgres.url, poolMax: 10 });
    const owner = async <Row>(text: string, values?: unknown[]): Promise<Row[]> => {
      const client = new pg.Client({ connectionString: postgres.url });
      await client.connect();
      try {
        return (await client.query(text, values)).rows as Row[];
      } finally {
        await client.end();
      }
    };
    const test = { url: postgres.url, database, owner, drop: async () => undefined } as TestDatabase;
    const tenant = await seedTenant(test, {});
    const engine = await startEngine(test);
    try {
      const operations: string[] = [];
      for (let points = 1; points <= 40; points++)
        operations.push(await accept(test, tenant, update(tenant.email, points)));
      await postgres.stop();
      postgres = await start();
      const rows = await Promise.all(
        operations.map((id) => ended(test, tenant.tenantId, id, 90_000).catch((error: Error) => error)),
      );
      assert.deepEqual(
        [...new Set(rows.map((row) => (row instanceof Error ? row.message : row.status)))],
        ['succeeded'],
      );
      const [pass] = await owner<{ points: number }>(
        `select (data -> 'points')::int as points from passes where pass_id = $1`,
        [tenant.pass.id],
      );
      assert.equal(pass?.points, 40);
    } finally {
      await engine.stop();
      await database.close();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    }
    void t;
  });
});
