import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { main } from '../../src/cli/main.js';
import { findPassType, publishVersion } from '../../src/database/tenants/pass-types.js';
import { listSteps } from '../../src/database/operations/operations.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

describe('the passes of a type move to its current version', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  before(async () => {
    test = await createTestDatabase();
    engine = await startEngine(test);
  });
  after(async () => {
    await engine.stop();
    await test.drop();
  });

  /** A tenant with this many more passes, whose pass type has a second version. */
  async function seed(passes: number): Promise<SeededTenant> {
    const tenant = await seedTenant(test);
    await test.owner(
      `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version, data)
       select gen_random_uuid(), $1, $2, 'migrate-' || $1 || n, $3, 1, '{"points": 1}' from generate_series(1, $4::int) n`,
      [tenant.tenantId, tenant.customerId, tenant.passTypes.basic, passes],
    );
    await publish(tenant, 'new');
    return tenant;
  }
  async function publish({ tenantId, passTypes }: SeededTenant, shade: string): Promise<void> {
    const sql = test.database.tenant(tenantId);
    const { design } = (await findPassType(sql, passTypes.basic))!;
    const next = { ...design, visuals: { shade: { template: shade } } };
    const { version } = await sql.transaction((within) => publishVersion(within, next, {}));
    const known = async () => (await engine.deps.passTypes.current(tenantId, passTypes.basic))?.version === version;
    await until(known, 'workers to know the new version');
  }
  const versions = (tenant: SeededTenant) =>
    test.owner<{ version: number; passes: number }>(
      `select pass_type_version as version, count(*)::int as passes from passes
        where tenant_id = $1 and pass_type_id = $2 group by 1`,
      [tenant.tenantId, tenant.passTypes.basic],
    );
  const children = (tenant: SeededTenant) =>
    rowsOf(test).operations({ tenantId: tenant.tenantId, kind: 'push-update', origin: 'system' }, 'outcome');
  const stepOf = async (tenant: SeededTenant, id: string) =>
    (await listSteps(test.database.tenant(tenant.tenantId), id))[0];
  const input = (tenant: SeededTenant) => ({ passTypeId: tenant.passTypes.basic, perMinute: 60_000 });
  /** Accepted, but no worker begins with it until it is released. */
  async function hold(tenant: SeededTenant): Promise<string> {
    const id = randomUUID();
    await test.owner(
      `insert into operations (operation_id, tenant_id, kind, origin, input, dispatch_after)
       values ($1, $2, 'migrate-passes', 'operator', $3, 'infinity')`,
      [id, tenant.tenantId, JSON.stringify(input(tenant))],
    );
    return id;
  }
  const release = (id: string) =>
    test.owner('update operations set dispatch_after = now() where operation_id = $1', [id]);
  async function command(tenant: SeededTenant, ...options: string[]): Promise<string> {
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const args = ['tenant', 'migrate', tenant.tenantId, 'basic', ...options];
    await main(args, { DATABASE_URL: test.url }, { out: say, err: say, dataDir: '/nowhere' });
    return lines.join('\n');
  }

  it('at a pace, as updates of their own; a second time there is nothing to do', async () => {
    const tenant = await seed(6);
    const id = await accept(test, tenant, { kind: 'migrate-passes', origin: 'operator', input: input(tenant) });
    const row = await ended(test, tenant.tenantId, id);
    assert.deepEqual([row.status, row.outcome], ['succeeded', 'migrated']);
    assert.deepEqual(await versions(tenant), [{ version: 2, passes: 7 }]);
    assert.deepEqual(
      (await children(tenant)).map(({ outcome }) => outcome),
      Array(7).fill('updated'),
    );
    const { accepted, remaining, unfinished } = (await stepOf(tenant, id))!.detail;
    assert.deepEqual([accepted, remaining, unfinished], [7, 0, 0]);
    const again = await accept(test, tenant, { kind: 'migrate-passes', origin: 'operator', input: input(tenant) });
    assert.equal((await ended(test, tenant.tenantId, again)).outcome, 'migrated');
    assert.equal((await stepOf(tenant, again))?.detail['accepted'], undefined, 'nothing was left to move');
  });

  it('holds still while the command has paused it, tells its progress, and goes on when it is told to', async () => {
    const tenant = await seed(3);
    assert.match(await command(tenant, '--pause'), /No migration of basic is under way/);
    const id = await hold(tenant);
    assert.match(await command(tenant), /A migration of basic is under way/, 'a second one is not begun beside it');
    assert.match(await command(tenant, '--pause'), /starts no more passes/);
    await release(id);
    await until(async () => (await stepOf(tenant, id))?.detail['remaining'] === 4, 'the first look at the mark');
    const step = await stepOf(tenant, id);
    assert.deepEqual([step?.state, step?.detail['paused']], ['waiting', true], 'the status says that it is paused');
    assert.equal((await children(tenant)).length, 0);
    assert.match(await command(tenant, '--follow'), /^paused: 0 passes taken on, 0 .*; 4 are on an older version/);

    assert.match(await command(tenant, '--resume'), /goes on/);
    assert.match(await command(tenant, '--follow'), /succeeded: 4 passes taken on, 0 of them under way; 0 are on/);
    assert.deepEqual(await versions(tenant), [{ version: 2, passes: 4 }]);
    assert.match(await command(tenant, '--progress'), /^succeeded: /);
  });

  it('takes passes that have moved already along to a version that comes meanwhile', async () => {
    const tenant = await seed(3);
    const id = await hold(tenant);
    // Everything before the cursor went to version 2: the migration stands at its end when version 3 is published.
    await test.owner('update passes set pass_type_version = 2 where tenant_id = $1', [tenant.tenantId]);
    await test.owner(
      `insert into operation_steps (tenant_id, operation_id, step, state, detail) values ($1, $2, 'migrate-passes', 'waiting', $3)`,
      [tenant.tenantId, id, JSON.stringify({ accepted: 4, sweep: 2, cursor: 'ffffffff-ffff-ffff-ffff-ffffffffffff' })],
    );
    await publish(tenant, 'newer');
    await release(id);
    assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'migrated');
    assert.deepEqual(await versions(tenant), [{ version: 3, passes: 4 }]);
    assert.deepEqual(
      (await children(tenant)).map(({ outcome }) => outcome),
      Array(4).fill('updated'),
    );
  });

  it('can be held by a signal as well, while everything else goes on', async () => {
    const tenant = await seed(3);
    const id = await hold(tenant);
    const run = await engine.client.workflow.signalWithStart('migratePasses', {
      workflowId: `migrate-passes/${id}`,
      taskQueue: engine.taskQueue,
      args: [{ tenantId: tenant.tenantId, operationId: id }],
      signal: 'pause',
    });
    assert.equal(await run.query<boolean>('paused'), true);
    const other = await accept(test, tenant, {
      kind: 'notify-pass',
      origin: 'api',
      input: { passId: tenant.pass.id },
    });
    assert.equal((await ended(test, tenant.tenantId, other)).outcome, 'notified');
    assert.equal((await children(tenant)).length, 0);
    await run.signal('resume');
    assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'migrated');
    assert.equal((await children(tenant)).length, 4);
  });
});
