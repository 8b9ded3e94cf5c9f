import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Client } from '@temporalio/client';
import { Connection } from '@temporalio/client';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant } from '../support/tenant.js';

let db: TestDatabase;
let connection: Connection;
const engines: TestEngine[] = [];
before(async () => {
  db = await createTestDatabase();
  connection = await Connection.connect({ address: process.env['TEST_TEMPORAL_ADDRESS']! });
});
after(async () => {
  for (const engine of engines) await engine.stop();
  await connection.close();
  await db.drop();
});

const deploymentName = `passrelay-${randomUUID()}`;
const service = () => connection.workflowService;

/** Makes a build the current one, as `temporal worker deployment set-current-version` does, once a worker has announced it. */
const makeCurrent = (buildId: string) =>
  until(async () => {
    const request = { namespace: 'default', deploymentName, buildId, identity: 'test', ignoreMissingTaskQueues: true };
    return service()
      .setWorkerDeploymentCurrentVersion(request)
      .then(
        () => true,
        () => false,
      );
  }, `build ${buildId} to be current`);

/** The build that a run's workflow tasks went to: known once the first of them is completed, after its steps have ended. */
const buildOf = (client: Client, operationId: string): Promise<string> =>
  until(async () => {
    const { raw } = await client.workflow.getHandle(`push-update/${operationId}`).describe();
    return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId ?? undefined;
  }, `the build of ${operationId}`);

test('a build rolls out beside the last one under load, and back: nothing fails, and each run ends where it began', async () => {
  const tenant = await seedTenant(db);
  const taskQueue = `test-${randomUUID()}`;
  const start = async (buildId: string, dispatch: boolean) => {
    const engine = await startEngine(db, { taskQueue, dispatch, version: { deploymentName, buildId } });
    engines.push(engine);
    await makeCurrent(buildId);
    return engine;
  };
  let points = 0;
  const flow = async (count: number): Promise<string[]> => {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      const data = { points: ++points };
      const identifiers = [{ kind: 'email', value: tenant.email }];
      ids.push(
        await accept(db, tenant, {
          kind: 'push-update',
          input: { identifiers, passType: null, data, updateMetadata: false },
        }),
      );
    }
    return ids;
  };
  const { client } = await start('one', true);
  const finish = async (ids: readonly string[]) => {
    for (const id of ids) assert.equal((await ended(db, tenant.tenantId, id)).status, 'succeeded');
    return new Set(await Promise.all(ids.map((id) => buildOf(client, id))));
  };

  assert.deepEqual(await finish(await flow(8)), new Set(['one']));
  const during = await flow(15);
  await start('two', false);
  during.push(...(await flow(15)));
  assert.deepEqual(
    [...(await finish(during))].filter((build) => build !== 'one' && build !== 'two'),
    [],
  );
  assert.deepEqual(await finish(await flow(8)), new Set(['two']), 'what starts now is of the new build');
  await makeCurrent('one');
  assert.deepEqual(await finish(await flow(8)), new Set(['one']), 'and of the old one after the way back');
});
