import { createTestDatabase } from '../test/support/database.js';
import { startTestApi } from '../test/support/api.js';
import { seedTenant } from '../test/support/tenant.js';

/**
 * The real API with one seeded tenant on a free port, for a fuzzer: prints address and key as JSON and runs until its
 * input closes. The tenant's throttle is out of the way; its answers are tested elsewhere.
 */
const test = await createTestDatabase();
const tenant = await seedTenant(test, { requestsPerMinute: 10_000_000 });
const api = await startTestApi({ database: test.database });
process.stdout.write(
  `${JSON.stringify({ url: api.baseUrl, key: tenant.keys.all, tenantId: tenant.tenantId, serialNumber: tenant.pass.serialNumber })}\n`,
);
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
