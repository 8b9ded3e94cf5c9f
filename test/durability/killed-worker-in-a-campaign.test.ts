import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { it } from 'node:test';
import { createCampaign, findCampaign } from '../../src/database/campaigns/campaigns.js';
import { campaignDefinition } from '../../src/passes/campaign.js';
import { crash, createPushLog } from '../support/crash.js';
import { createTestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { seedSegment } from '../support/segment.js';
import { seedTenant } from '../support/tenant.js';

/** `npm run drill:campaign` asks for 100,000. */
const ROWS = Number(process.env['DRILL_ROWS'] ?? 200);
/** `DRILL_ACTION` names what the campaign does; `offer` lays offers, and ends them. */
const ACTIONS = {
  update: {
    ...{ outcome: 'updated', change: 'data' },
    definition: { action: { type: 'update', fields: { points: 77 } } },
  },
  convert: {
    ...{ outcome: 'converted', change: 'type' },
    definition: { action: { type: 'convert', passType: 'premium' } },
  },
  message: {
    ...{ outcome: 'message-sent', change: 'message' },
    definition: {
      action: { type: 'message', message: { text: 'Drill' } },
      // As the API has read it.
      messageInput: {
        class: 'marketing',
        ...{ content: { text: 'Drill', title: null, link: null }, validUntil: null },
        ...{ validForSeconds: null, notBefore: null, respectQuietHours: null },
      },
    },
  },
  offer: {
    ...{ outcome: 'offer-started', change: 'offer' },
    definition: {
      action: { type: 'offer', offer: { fields: { points: 77 }, until: 'P1D' } },
      offerTerms: {
        ...{ passType: null, fields: { points: 77 }, from: null, until: null, forSeconds: 86_400 },
        ...{ priority: 0, uses: null, notifyAtEnd: false },
      },
    },
  },
} as const;
const ACTION = (process.env['DRILL_ACTION'] ?? 'update') as keyof typeof ACTIONS;
const { outcome, change, definition: ofAction } = ACTIONS[ACTION];
/** `DRILL_SINGLY=1` forms no bursts, for a comparison. */
const SINGLY = process.env['DRILL_SINGLY'] ? { burstShares: { atLeast: 1_000_000 } } : {};
/** The engine gives a dead worker's task out again after seconds: one kill is enough on every day. */
const KILLS = ROWS > 1_000 ? 2 : 1;

it(`a worker killed after a slice of a campaign (${KILLS} times) leaves one operation for each of ${ROWS} rows`, async (t) => {
  const test = await createTestDatabase();
  t.after(() => test.drop());
  await createPushLog(test);
  const tenant = await seedTenant(test);
  await seedSegment(test, tenant, ROWS);
  const sql = test.database.tenant(tenant.tenantId);
  const campaignId = randomUUID();
  const definition = {
    ...ofAction,
    ...campaignDefinition.parse({
      audience: { filter: { installedOn: 'apple' } },
      action: ofAction.action,
      // So slow that rows are left for each worker.
      schedule: ROWS > 1_000 ? {} : { perMinute: 900 },
    }),
  };
  await createCampaign(sql, { campaignId, name: 'Drill', definition, test: false, confirmed: true });
  const taskQueue = `crash-campaign-${campaignId}`;
  const place = { tenantId: tenant.tenantId, when: 'after', step: 'run-campaign' } as const;
  for (let kill = 0; kill < KILLS; kill++) await crash(test, taskQueue, [place]);
  const engine = await startEngine(test, {
    taskQueue,
    ...SINGLY,
    deps: { apple: { push: async () => ({ kind: 'delivered', apnsId: 'drill' }) } },
  });
  t.after(() => engine.stop());
  const startedMs = performance.now();
  const memory: number[] = [];
  const state = async () => (await findCampaign(sql, campaignId))!.state;
  while ((await state()) !== 'ended') {
    const minutes = (performance.now() - startedMs) / 60_000;
    assert.ok(minutes < Math.max(2, ROWS / 1_000), `still ${await state()} after ${Math.round(minutes)} min`);
    memory.push(Math.round(process.memoryUsage().rss / 1e6));
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  t.diagnostic(`${ROWS} rows, ended ${Math.round((performance.now() - startedMs) / 1000)} s after the last kill`);
  const [first, last] = [memory.slice(0, memory.length / 2), memory.slice(memory.length / 2)].map((half) =>
    Math.max(...half),
  );
  t.diagnostic(`memory of the worker at most ${first} MB in the first half, ${last} MB in the second`);
  const [row] = await test.owner(
    `select count(*)::int as operations, count(distinct pass_id)::int as passes,
            (select count(*)::int from campaign_rows r where r.campaign_id = $2 and r.state = 'done'
                and r.outcome = $3) as rows,
            (select count(*)::int from pass_revisions v join passes p using (pass_id)
              where p.tenant_id = $1 and v.change = $4) as revisions
       from operations where tenant_id = $1 and starts_with(idempotency_key, 'campaign:')`,
    [tenant.tenantId, campaignId, outcome, change],
  );
  assert.deepEqual(row, { operations: ROWS, passes: ROWS, rows: ROWS, revisions: ROWS });
  if (ACTION !== 'offer') return;
  // All of them end at one instant.
  await test.owner(`update offers set ends_at = now() where tenant_id = $1`, [tenant.tenantId]);
  const endsMs = performance.now();
  const ended = async () => {
    const [n] = await test.owner<{ n: number }>(
      `select count(*)::int as n from operations where tenant_id = $1 and kind = 'end-offer' and outcome = 'offer-ended'`,
      [tenant.tenantId],
    );
    return n!.n;
  };
  while ((await ended()) < ROWS) {
    assert.ok(
      performance.now() - endsMs < Math.max(120_000, ROWS * 60),
      `${await ended()} of ${ROWS} offers have ended`,
    );
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  t.diagnostic(`${ROWS} offers were over ${Math.round((performance.now() - endsMs) / 1000)} s after their end`);
  const [left] = await test.owner<{ shown: number }>(
    `select count(*)::int as shown from passes where tenant_id = $1 and offers <> '[]'`,
    [tenant.tenantId],
  );
  assert.equal(left!.shown, 0);
});
