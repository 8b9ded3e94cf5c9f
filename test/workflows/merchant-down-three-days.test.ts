import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { pino } from 'pino';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { listDeliveries } from '../../src/database/merchants/delivery-log.js';
import {
  createEndpoint,
  createTestDelivery,
  openWebhookSecrets,
} from '../../src/database/merchants/webhook-endpoints.js';
import { createMerchantSender } from '../../src/merchants/send.js';
import { newWebhookSecret } from '../../src/merchants/sign.js';
import { startMerchantSimulator } from '../../src/simulators/merchant/merchant.js';
import { createWorker } from '../../src/worker/create-worker.js';
import { createTestDatabase } from '../support/database.js';
import { testBundle } from '../support/engine.js';
import { seedTenant } from '../support/tenant.js';
import { startTimeSkipping } from '../support/time-skipping.js';
import { testSecretBox } from '../support/secret-box.js';

const HOUR_MS = 3_600_000;

test('a merchant that is down for three days gets its event when it is back, and one that stays away is given up', async () => {
  const env = await startTimeSkipping();
  const db = await createTestDatabase();
  const tenant = await seedTenant(db);
  const { tenantId } = tenant;
  const sql = db.database.tenant(tenantId);
  const secret = newWebhookSecret();
  const merchant = await startMerchantSimulator({ secret });
  const log = pino({ level: 'silent' });
  const deps = {
    database: db.database,
    merchants: createMerchantSender(),
    webhookSecrets: openWebhookSecrets(testSecretBox),
    now: Date.now,
  } as unknown as ActivityDeps;
  const worker = await createWorker({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue: 'time-skipping',
    workflowBundle: await testBundle(),
    activities: createActivities(deps),
    database: db.database,
    log,
  });

  /** Delivers one event; hours that passed, and the delivery's row. */
  async function deliver() {
    const endpoint = await createEndpoint(
      sql,
      { tenantId, url: merchant.url, eventTypes: ['pass.updated'], secret, atMost: 20 },
      testSecretBox,
    );
    const ids = { eventId: randomUUID(), deliveryId: randomUUID() };
    await createTestDelivery(sql, { tenantId, endpointId: endpoint!.endpoint_id, type: 'webhook.test', ...ids });
    const beganMs = await env.currentTimeMs();
    await env.client.workflow.execute('deliverWebhook', {
      workflowId: `deliver-webhook/${ids.deliveryId}/1`,
      taskQueue: 'time-skipping',
      args: [{ tenantId, deliveryId: ids.deliveryId, run: 1 }],
    });
    const hours = ((await env.currentTimeMs()) - beganMs) / HOUR_MS;
    const [row] = await listDeliveries(sql, { endpointId: endpoint!.endpoint_id, limit: 1 });
    return { hours, row: row! };
  }

  const running = worker.run();
  try {
    merchant.answerWith({ status: 503, times: 9 });
    const late = await deliver();
    assert.deepEqual([late.row.status, late.row.attempts], ['delivered', 10]);
    // 75 h 35 min 5 s, and up to a tenth of jitter; never earlier than the schedule.
    assert.ok(late.hours > 75.5 && late.hours < 83.5, `${late.hours} h`);
    assert.equal(merchant.received.length, 1);

    merchant.answerWith({ status: 503, headers: { 'retry-after': '7200' }, times: 1 });
    const patient = await deliver();
    assert.deepEqual([patient.row.status, patient.row.attempts], ['delivered', 2]);
    assert.ok(patient.hours > 1.99 && patient.hours < 2.3, `${patient.hours} h`);

    merchant.answerWith({ status: 500 });
    const never = await deliver();
    assert.deepEqual([never.row.status, never.row.attempts], ['exhausted', 10]);
  } finally {
    worker.shutdown();
    await running;
    await merchant.stop();
    await env.teardown();
    await db.drop();
  }
});
