import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setKlaviyoProfile, setKlaviyoProfiles } from '../../../src/database/customers/customer-identifiers.js';
import { createTestDatabase } from '../../support/database.js';
import { seedTenant } from '../../support/tenant.js';

test('a profile of Klaviyo is one customer’s: of many at once, too, and none loses the one that it has', async () => {
  const db = await createTestDatabase();
  try {
    const { tenantId } = await seedTenant(db);
    const sql = db.database.tenant(tenantId);
    const people = Array.from({ length: 5 }, () => randomUUID()).sort();
    await db.owner('insert into customers (customer_id, tenant_id) select unnest($1::uuid[]), $2', [people, tenantId]);
    const [owner, rival, first, second, fine] = people as [string, string, string, string, string];
    await setKlaviyoProfile(sql, owner, 'OWNED');
    await setKlaviyoProfiles(sql, [
      { customerId: owner, profileId: 'OTHER' },
      { customerId: rival, profileId: 'OWNED' },
      { customerId: first, profileId: 'SHARED' },
      { customerId: second, profileId: 'SHARED' },
      { customerId: fine, profileId: 'FINE' },
    ]);
    const rows = await db.owner<{ klaviyo_profile_id: string | null }>(
      'select klaviyo_profile_id from customers where customer_id = any($1) order by customer_id',
      [people],
    );
    assert.deepEqual(
      rows.map(({ klaviyo_profile_id: id }) => id),
      ['OWNED', null, 'SHARED', null, 'FINE'],
    );
  } finally {
    await db.drop();
  }
});
