import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { insertRows } from '../../../src/database/campaigns/audience.js';
import { createCampaign } from '../../../src/database/campaigns/campaigns.js';
import { countMissing } from '../../../src/database/campaigns/dry-run.js';
import { nextRows } from '../../../src/database/campaigns/rows.js';
import type { CampaignDefinition } from '../../../src/passes/campaign.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { seedTenant } from '../../support/tenant.js';

let db: TestDatabase;
before(async () => {
  db = await createTestDatabase();
});
after(() => db.drop());

test('a campaign finds the standard attributes that a sync has stored, and a property of the same name before them', async () => {
  const tenant = await seedTenant(db);
  const sql = db.database.tenant(tenant.tenantId);
  const campaignId = randomUUID();
  const definition = {
    audience: { filter: {} },
    action: { type: 'message', message: { message: 'Hi {property:first_name|there}' } },
  } as unknown as CampaignDefinition;
  await createCampaign(sql, { campaignId, name: 'Names', definition, test: false, confirmed: true });
  const dueAt = new Date(Date.now() - 1_000);
  const row = { line: null, identifiers: null, given: null, reason: null, state: 'waiting' } as const;
  await insertRows(sql, campaignId, 0n, [{ ...row, passId: tenant.pass.id, customerId: tenant.customerId, dueAt }]);
  const found = async (): Promise<{ missing: number[]; properties: object | null }> => {
    const values = ['first_name', 'last_name', 'locale', 'city'].map((name) => ({ source: 'property' as const, name }));
    const [next] = await nextRows(sql, campaignId, new Date(), 10);
    return {
      missing: await countMissing(sql, campaignId, { values, after: '0', upTo: '10' }),
      properties: next!.properties,
    };
  };
  const become = (first: string | null, properties: object) =>
    db.owner(
      `update customers set first_name = $2, last_name = null, language = 'de', properties = $3 where customer_id = $1`,
      [tenant.customerId, first, properties],
    );
  await become('Mia', { city: 'Ulm' });
  assert.deepEqual(await found(), {
    missing: [0, 1, 0, 0],
    properties: { first_name: 'Mia', locale: 'de', city: 'Ulm' },
  });
  await become('Mia', { first_name: 'Maria' });
  assert.deepEqual(await found(), { missing: [0, 1, 0, 1], properties: { first_name: 'Maria', locale: 'de' } });
  await become(null, {});
  assert.deepEqual(await found(), { missing: [1, 1, 0, 1], properties: { locale: 'de' } });
});
