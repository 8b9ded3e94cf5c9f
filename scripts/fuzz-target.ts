import { randomUUID } from 'node:crypto';
import { createTestDatabase } from '../test/support/database.js';
import { startTestApi } from '../test/support/api.js';
import { seedTenant } from '../test/support/tenant.js';

/**
 * The real API with one seeded tenant on a free port, for a fuzzer: prints address and key as JSON and runs until its
 * input closes. The tenant's throttle is out of the way; its answers are tested elsewhere.
 */
const test = await createTestDatabase();
const tenant = await seedTenant(test, { requestsPerMinute: 10_000_000 });
// Ended for good: the event stream of one that is retried lasts for minutes.
const ids = { correlationId: randomUUID(), deliveryId: randomUUID(), customerId: tenant.customerId };
const [endpoint, event] = [randomUUID(), randomUUID()];
for (const [statement, ...values] of [
  [
    `insert into operations (operation_id, tenant_id, kind, input, status, outcome, pass_id, ended_at)
     values ($2, $1, 'push-update', '{}', 'succeeded', 'updated', $3, now())`,
    ids.correlationId,
    tenant.pass.id,
  ],
  [
    `insert into webhook_endpoints (endpoint_id, tenant_id, url, event_types) values ($2, $1, 'https://m.example/', '{}')`,
    endpoint,
  ],
  [`insert into events (event_id, tenant_id, type, payload) values ($2, $1, 'pass.updated', '{}')`, event],
  [
    `insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id, status) values ($2, $1, $3, $4, 'exhausted')`,
    ids.deliveryId,
    endpoint,
    event,
  ],
] as [string, ...string[]][]) {
  await test.owner(statement, [tenant.tenantId, ...values]);
}
const api = await startTestApi({ database: test.database });
const { serialNumber } = tenant.pass;
const parameters = { tenantId: tenant.tenantId, serialNumber, ...ids };
process.stdout.write(`${JSON.stringify({ url: api.baseUrl, key: tenant.keys.all, parameters })}\n`);
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('end', resolve));
await api.close();
await test.drop();
const faults = api
  .logged()
  .split('\n')
  .filter((line) => line.includes('"status":500'));
process.stderr.write(faults.length === 0 ? 'No request reached an unhandled exception.\n' : `${faults.join('\n')}\n`);
process.exit(faults.length === 0 ? 0 : 1);
