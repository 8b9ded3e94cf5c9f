import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listSteps } from '../../src/database/operations/operations.js';
import { until } from '../support/operations.js';
import { acceptMany, seedSegment, update } from '../support/segment.js';
import { useWriteBackStack } from '../support/write-back-stack.js';

const COUNT = 90;

describe('a burst tells Klaviyo of each of its passes', () => {
  const stack = useWriteBackStack();

  it('profile, object and event, once for each operation', async () => {
    const tenant = await stack.klaviyo.tenant();
    await seedSegment(stack.test, tenant, COUNT);
    const ids = await acceptMany(
      stack.test,
      tenant,
      Array.from({ length: COUNT }, (_, i) => update(i + 1, { points: 1000 + i })),
    );
    const open = () =>
      stack.test.owner('select from operations where operation_id = any($1) and ended_at is null', [ids]);
    await until(async () => (await open()).length === 0, 'all operations to end', 120_000);
    const ends = await stack.test.owner(
      'select status, outcome, count(*)::int as n from operations where operation_id = any($1) group by 1, 2',
      [ids],
    );
    assert.deepEqual(ends, [{ status: 'succeeded', outcome: 'updated', n: COUNT }]);
    const updates = stack.klaviyo.simulator.events().filter(({ metric }) => metric === 'Pass Updated');
    assert.equal(updates.length, COUNT);
    const last = ids.at(-1)!;
    const steps = await listSteps(stack.test.database.tenant(tenant.tenantId), last);
    assert.deepEqual(
      steps.map(({ step, state }) => [step, state]),
      [
        ['find-pass', 'succeeded'],
        ['apply-data', 'succeeded'],
        ['notify-devices', 'succeeded'],
        ['write-back-profile', 'succeeded'],
        ['write-back-object', 'succeeded'],
        ['write-back-event', 'succeeded'],
      ],
    );
    const [inBurst] = await stack.test.owner<{ n: number }>(
      'select count(*)::int as n from operations where operation_id = any($1) and burst_id is not null',
      [ids],
    );
    assert.ok(inBurst!.n >= 40, `${inBurst!.n} of ${COUNT} ended in a burst`);
  });
});
