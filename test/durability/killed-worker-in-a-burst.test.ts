import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { until } from '../support/operations.js';
import { acceptMany, seedSegment, update } from '../support/segment.js';
import { seedTenant } from '../support/tenant.js';

const STEPS = [
  'burst-find-pass',
  'burst-convert-type',
  'burst-apply-data',
  'burst-recompute-metadata',
  'burst-notify-devices',
];
const PLACES: [when: 'before' | 'after' | 'inside', step: string][] = [
  ...STEPS.map((step): ['before', string] => ['before', step]),
  ...STEPS.map((step): ['after', string] => ['after', step]),
  ['inside', 'burst-notify-devices'],
];
const COUNT = 20;
const crashingWorker = fileURLToPath(new URL('../support/crashing-worker.ts', import.meta.url));

describe(
  'a worker killed between or inside the steps of a burst leaves one effect of each operation',
  { concurrency: 3 },
  () => {
    for (const [when, step] of PLACES) {
      it(`killed ${when} ${step}`, { timeout: 120_000 }, async (t) => {
        const test = await createTestDatabase();
        t.after(() => test.drop());
        await test.owner(
          'create table test_pushes (operation_id uuid, token text); grant all on test_pushes to passrelay_app',
        );
        const tenant = await seedTenant(test, {});
        await seedSegment(test, tenant, COUNT);
        // Two updates of each customer: the second one converts.
        const inputs = Array.from({ length: 2 * COUNT }, (_, i) =>
          i < COUNT
            ? update(i + 1, { points: 50 })
            : update(i - COUNT + 1, { points: 99 }, { passType: 'premium', updateMetadata: true }),
        );
        const ids = await acceptMany(test, tenant, inputs);
        const taskQueue = `crash-${tenant.tenantId}-${when}-${step}-${ids[0]}`;
        const child = spawn(
          process.execPath,
          ['--import', 'tsx', crashingWorker, test.url, taskQueue, ids[0]!, when, step],
          { stdio: 'inherit' },
        );
        const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
        assert.equal(signal, 'SIGKILL', 'the first worker must have died at the chosen place');

        // The leases of the dead dispatcher must not hold the drill up.
        await test.owner(`update operations set dispatch_after = now() where status = 'accepted'`);
        await test.owner('update bursts set lease_until = now() where lease_until is not null');
        const engine = await startEngine(test, {
          taskQueue,
          deps: {
            apple: {
              async push({ pushToken: token }) {
                await test.owner('insert into test_pushes (operation_id, token) values ($1, $2)', [ids[0], token]);
                return { kind: 'delivered', apnsId: 'second' };
              },
            },
          },
        });
        try {
          const open = () =>
            test.owner('select from operations where operation_id = any($1) and ended_at is null', [ids]);
          await until(async () => (await open()).length === 0, 'all operations to end', 90_000);
          const ends = await test.owner(
            `select status, outcome, count(*)::int as n from operations where operation_id = any($1) group by 1, 2 order by 2`,
            [ids],
          );
          assert.deepEqual(ends, [
            { status: 'succeeded', outcome: 'converted', n: COUNT },
            { status: 'succeeded', outcome: 'updated', n: COUNT },
          ]);
          const passes = await test.owner(
            `select p.data, p.revision, array(select r.change from pass_revisions r where r.pass_id = p.pass_id order by r.change) as changes,
                  count(*)::int as n
             from passes p join customers c using (customer_id) where c.email like 'c%' group by 1, 2, 3`,
          );
          assert.deepEqual(passes, [
            { data: { points: 99, tier: 'bronze' }, revision: 4, changes: ['data', 'data', 'type'], n: COUNT },
          ]);
          const events = await test.owner<{ n: number; one: boolean }>(
            `select count(*)::int as n, count(distinct operation_id) = count(*) as one from events where type = 'pass.updated'`,
          );
          assert.deepEqual(events, [{ n: 2 * COUNT, one: true }]);
          const [pushes] = await test.owner<{ phones: number; n: number }>(
            'select count(distinct token)::int as phones, count(*)::int as n from test_pushes',
          );
          assert.equal(pushes?.phones, COUNT);
          // A push carries nothing: those that had no result yet when the worker died are made once more.
          if (when !== 'inside') assert.equal(pushes?.n, COUNT);
        } finally {
          await engine.stop();
        }
      });
    }
  },
);
