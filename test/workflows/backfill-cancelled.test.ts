import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestCancellation } from '../../src/database/operations/cancellations.js';
import { accept, ended, until } from '../support/operations.js';
import { seedSegment, segmentPasses } from '../support/segment.js';
import { useWriteBackStack } from '../support/write-back-stack.js';

const JOBS = '/api/profile-bulk-import-jobs';
const COUNT = 40;

const stack = useWriteBackStack();

test('a backfill that is cancelled while Klaviyo works on its job writes again what changed meanwhile, then ends', async () => {
  const { simulator } = stack.klaviyo;
  const tenant = await stack.klaviyo.tenant();
  await seedSegment(stack.test, tenant, COUNT);
  const passIds = await segmentPasses(stack.test, tenant);
  // Nobody sees the end of the job for now.
  simulator.setFault({ path: `${JOBS}/`, status: 503, times: 1_000 });
  const operationId = await accept(stack.test, tenant, { kind: 'backfill', input: {} });
  const asked = (method: string, path: string) =>
    simulator.requests().filter((one) => one.method === method && one.path.startsWith(path)).length;
  await until(async () => asked('GET', `${JOBS}/`) > 0, 'a look at the job');
  await stack.test.owner(`update passes set state = 'voided', revision = revision + 1 where pass_id = $1`, [
    passIds[7],
  ]);
  await requestCancellation(stack.test.database.tenant(tenant.tenantId), operationId);
  const notified = () =>
    stack.test.owner('select from operations where operation_id = $1 and cancelled_run is not null', [operationId]);
  await until(async () => (await notified()).length > 0, 'the run to be told');
  simulator.clearFaults();
  const row = await ended(stack.test, tenant.tenantId, operationId);
  assert.deepEqual([row.status, row.outcome], ['cancelled', 'cancelled']);
  const states = simulator
    .profiles()
    .filter(({ attributes }) => /^c\d+@/.test(String(attributes['email'])))
    .map(({ attributes: { email, properties } }) => [email, properties['wallet_pass_state']]);
  assert.equal(states.length, COUNT);
  assert.deepEqual(
    states.filter(([, state]) => state !== 'active'),
    [['c8@example.com', 'voided']],
  );
  assert.deepEqual([asked('POST', JOBS), simulator.records().length], [1, 0], 'nothing more was sent');
});
