import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { countRows } from '../../src/database/campaigns/progress.js';
import { settleRows } from '../../src/database/campaigns/rows.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedSegment } from '../support/segment.js';
import { seedTenant } from '../support/tenant.js';

let site: TestDatabase;
before(async () => {
  site = await createTestDatabase();
});
after(() => site.drop());

test('counts as notified the passes on a phone alone: an object at Google that nobody has saved is on none', async () => {
  const tenant = await seedTenant(site);
  await seedSegment(site, tenant, 4);
  const id = randomUUID();
  const definition = { audience: { csv: {} }, action: { type: 'void' }, schedule: {}, holdoutPercent: 0 };
  // The first is on an iPhone, the second saved in Google Wallet, the third removed from it, the fourth never saved.
  await site.owner(
    `with c as (insert into campaigns (campaign_id, tenant_id, name, definition, state, started_at)
         values ($1, $2, 'Told', $3, 'ended', now()) returning *),
       one as (select pass_id, gen_random_uuid() as operation_id, row_number() over (order by pass_id) as n
                 from passes where tenant_id = $2),
       asked as (insert into operations (operation_id, tenant_id, kind, origin, input, status, outcome, ended_at, revision)
         select operation_id, $2, 'change-state', 'api', '{}', 'succeeded', 'voided', now(), 1 from one),
       made as (insert into google_objects (tenant_id, pass_id, object_id, object_type, class_id, state, saved_at, removed_at)
         select $2, pass_id, 'i.' || pass_id, 'loyalty', 'i.c', 'live', case when n in (2, 3) then now() end,
                case when n = 3 then now() end from one where n > 1),
       told as (insert into notifications (tenant_id, operation_id, target, pass_id, platform, state)
         select $2, operation_id, 'target', pass_id, case when n = 1 then 'apple' else 'google' end, 'delivered' from one)
       insert into campaign_rows (tenant_id, campaign_id, row_number, state, operation_id, pass_id)
       select $2, c.campaign_id, n, 'accepted', one.operation_id, one.pass_id from c, one`,
    [id, tenant.tenantId, JSON.stringify(definition)],
  );
  const db = site.database.tenant(tenant.tenantId);
  await settleRows(db, id);
  const notified = await site.owner<{ n: number }>(
    `select row_number::int as n from campaign_rows where campaign_id = $1 and pushed order by 1`,
    [id],
  );
  assert.deepEqual(notified, [{ n: 1 }, { n: 2 }]);
  const counts = await countRows(db, id);
  assert.deepEqual(
    counts.map(({ state, pushed }) => [state, pushed]),
    [['done', 2]],
  );
});
