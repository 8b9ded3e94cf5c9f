import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NewRow } from '../../../src/database/campaigns/audience.js';
import { findCampaign } from '../../../src/database/campaigns/campaigns.js';
import { uploadRows } from '../../../src/database/campaigns/upload.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { seedTenant, type SeededTenant } from '../../support/tenant.js';

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db);
});
after(async () => {
  await api.close();
  await db.drop();
});

const EMPTY = { identifiers: null, given: null, passId: null, customerId: null, dueAt: null, reason: null };
async function* rows(count: number, failsAtTheEnd = false): AsyncGenerator<NewRow> {
  for (let line = 1; line <= count; line++) yield { ...EMPTY, state: 'read', line };
  if (failsAtTheEnd) throw new Error('the connection was cut');
}

test('rows that are stored have begun their dry run, and an upload that broke off can be sent again', async () => {
  const body = JSON.stringify({ name: 'A', audience: { csv: {} }, action: { type: 'void' } });
  const made = await api.fetch(`/api/${tenant.tenantId}/campaigns`, { method: 'POST', key: tenant.keys.all, body });
  const { campaignId } = (await made.json()) as { campaignId: string };
  const own = db.database.tenant(tenant.tenantId);
  const stand = async () => {
    const { state, rows_read } = (await findCampaign(own, campaignId))!;
    return [state, Number(rows_read)];
  };

  await assert.rejects(
    uploadRows(own, campaignId, () => rows(1_500, true)),
    /cut/,
  );
  assert.deepEqual(await stand(), ['uploading', 0]);
  assert.deepEqual(await uploadRows(own, campaignId, () => rows(1_500)), { rows: 1_500, faulty: 0 });
  // Whatever happens to the process from here on: nothing else has to be done, and a second file finds no room.
  assert.deepEqual(await stand(), ['preparing', 1_500]);
  assert.equal(await uploadRows(own, campaignId, () => rows(3)), 'preparing');
});
