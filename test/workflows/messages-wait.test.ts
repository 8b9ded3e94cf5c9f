import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { pino } from 'pino';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { findMessage } from '../../src/database/messages/messages.js';
import { findOperation, insertOrFindOperation } from '../../src/database/operations/operations.js';
import { createTenantReaders } from '../../src/database/tenants/tenant-readers.js';
import { createWorker } from '../../src/worker/create-worker.js';
import { createTestDatabase } from '../support/database.js';
import { testBundle } from '../support/engine.js';
import { messageInput } from '../support/segment.js';
import { seedTenant } from '../support/tenant.js';
import { startTimeSkipping } from '../support/time-skipping.js';

test('a message waits for the end of quiet hours where the customer is, across changes of clocks, or is over by then', async () => {
  const env = await startTimeSkipping();
  const db = await createTestDatabase();
  const messages = { quietHours: { from: '21:00', until: '08:00' } };
  const tenant = await seedTenant(db, { timeZone: 'Europe/Berlin', messages });
  const { tenantId } = tenant;
  const sql = db.database.tenant(tenantId);
  // The clock of the steps: a day of our choice, and from there on as the server's clock jumps.
  let offsetMs = 0;
  let nowMs = 0;
  const deps = {
    database: db.database,
    ...createTenantReaders(db.database, Date.now),
    apple: { push: async () => ({ kind: 'delivered', apnsId: null }) },
    google: { forTenant: async () => null },
    now: () => nowMs,
  } as unknown as ActivityDeps;
  const activities = createActivities(deps);
  const claim = activities['claim-message'];
  const worker = await createWorker({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue: 'time-skipping',
    workflowBundle: await testBundle(),
    activities: {
      ...activities,
      async 'claim-message'(ref: Parameters<typeof claim>[0]) {
        nowMs = (await env.currentTimeMs()) + offsetMs;
        return claim(ref);
      },
    },
    database: db.database,
    log: pino({ level: 'silent' }),
  });

  /** Accepts a message at a moment, and runs it to its end. */
  async function send(at: string, more: object = {}) {
    const operationId = randomUUID();
    offsetMs = Date.parse(at) - (await env.currentTimeMs());
    await insertOrFindOperation(sql, {
      operationId,
      kind: 'send-message',
      origin: 'klaviyo',
      input: messageInput(tenant.email, more),
    });
    await env.client.workflow.execute('sendMessage', {
      workflowId: `send-message/${operationId}`,
      taskQueue: 'time-skipping',
      args: [{ tenantId, operationId }],
    });
    const [message, operation] = await Promise.all([findMessage(sql, operationId), findOperation(sql, operationId)]);
    return { message, operation: operation! };
  }
  const isAt = (sent: Date | null | undefined, wanted: string): void => {
    const lateMs = (sent?.getTime() ?? 0) - Date.parse(wanted);
    assert.ok(lateMs >= 0 && lateMs < 120_000, `sent at ${sent?.toISOString()}, not at ${wanted}`);
  };

  const running = worker.run();
  try {
    // The last Sundays of March and October, half an hour after midnight in Berlin: 02:00 is skipped, or comes twice.
    isAt((await send('2027-03-27T23:30:00Z')).message?.sent_at, '2027-03-28T06:00:00Z');
    isAt((await send('2027-10-30T22:30:00Z')).message?.sent_at, '2027-10-31T07:00:00Z');
    // A profile's own zone counts: in New York it is early evening, in Auckland the clocks were changed weeks ago.
    const zone = (name: string) =>
      db.owner(`update customers set properties = jsonb_build_object('timezone', $1::text)`, [name]);
    await zone('America/New_York');
    isAt((await send('2027-03-27T23:30:00Z')).message?.sent_at, '2027-03-27T23:30:00Z');
    await zone('Pacific/Auckland');
    isAt((await send('2027-10-31T10:00:00Z', { validForSeconds: 3600 })).message?.valid_until, '2027-10-31T20:00:00Z');
    isAt((await send('2027-10-31T10:00:00Z', { class: 'service' })).message?.sent_at, '2027-10-31T10:00:00Z');
    const late = await send('2027-10-31T10:00:00Z', { notBefore: '2027-12-24T22:00:00Z' });
    isAt(late.message?.sent_at, '2027-12-24T22:00:00Z');

    const over = await send('2027-10-31T10:00:00Z', { validUntil: '2027-10-31T15:00:00Z' });
    assert.equal(over.message, undefined);
    assert.deepEqual([over.operation.status, over.operation.outcome], ['succeeded', 'message-held-back']);
    assert.match(over.operation.reason!, /validUntil/);
  } finally {
    worker.shutdown();
    await running;
    await env.teardown();
    await db.drop();
  }
});
