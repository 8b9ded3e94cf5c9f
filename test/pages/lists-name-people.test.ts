import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createApiKey } from '../../src/database/tenants/api-keys.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { idsOf, seedMore } from '../support/seeded-things.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let campaignId: string;

before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  api = await startTestApi({ database: db.database });
  campaignId = idsOf(tenant, await seedMore(db, tenant))['campaignId']!;
  await db.owner(
    `insert into campaign_rows (tenant_id, campaign_id, row_number, line, state, pass_id, customer_id, outcome)
     select tenant_id, $1, 1, 2, 'done', pass_id, customer_id, 'voided' from passes where pass_id = $2`,
    [campaignId, tenant.pass.id],
  );
  await db.owner(`update customers set first_name = 'Ada', last_name = 'Lovelace' where customer_id = $1`, [
    tenant.customerId,
  ]);
});
after(async () => {
  await api.close();
  await db.drop();
});

/** A page as an operator with these scopes reads it. */
async function readAs(scopes: ('Operation.Read' | 'Customer.Read')[], path: string): Promise<string> {
  const sql = db.database.tenant(tenant.tenantId);
  const { key } = await createApiKey(sql, { tenantId: tenant.tenantId, name: 'reader', scopes });
  const base = `/ops/${tenant.tenantId}`;
  const signedIn = await api.fetch(`${base}/sign-in`, { method: 'POST', body: new URLSearchParams({ key }) });
  const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  const answer = await api.fetch(base + path, { headers: { Cookie: cookie } });
  assert.equal(answer.status, 200, path);
  return answer.text();
}

test('lists of messages, offers and of the rows of a campaign say whose they are, as far as the reader may know', async () => {
  for (const path of ['/messages', `/campaigns/${campaignId}/rows`]) {
    const known = await readAs(['Operation.Read', 'Customer.Read'], path);
    assert.match(known, /Ada Lovelace/, path);
    const masked = await readAs(['Operation.Read'], path);
    assert.match(masked, /A••• L•••/, path);
    assert.doesNotMatch(masked, /Lovelace/, path);
  }
  const [head, row] = (await readAs(['Operation.Read', 'Customer.Read'], `/campaigns/${campaignId}/rows`)).split(
    '\r\n',
  );
  assert.match(head!, /^row,line,serialNumber,.*,customer$/);
  assert.match(row!, /^1,2,.*,voided,.*,Ada Lovelace$/);
});
