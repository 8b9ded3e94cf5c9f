import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { createApiKey, revokeApiKey } from '../../src/database/tenants/api-keys.js';
import { appendDeviceLog } from '../../src/database/devices/device-log.js';
import type { Iphone } from '../../src/simulators/iphone/iphone.js';
import { startEngine } from '../support/engine.js';
import { accept, ended } from '../support/operations.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';
import { rowsOf } from '../support/rows.js';

let site: Site;
let browser: Browser;
let phone: Iphone;
const EMAIL = 'sarah.mason@example.com';

before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  phone = site.phone();
  await phone.install(await site.download());
  await site.update({ points: 200 });
  await site.push(phone);
  const engine = await startEngine(site.db);
  const identifiers = [{ kind: 'email', value: EMAIL }];
  const input = { identifiers, passType: null, data: { points: 345, pointz: 1 }, updateMetadata: false };
  const id = await accept(site.db, { tenantId: 'demo' }, { kind: 'push-update', input });
  await ended(site.db, 'demo', id);
  await engine.stop();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

async function signedIn(key: string, use: (page: Page, context: BrowserContext) => Promise<void>): Promise<void> {
  const context = await openWindow(browser, { width: 1280, height: 900, userAgent: AGENTS.desktop });
  try {
    const page = await context.newPage();
    await page.goto(`${site.baseUrl}/ops/demo`);
    assert.deepEqual(await findBarriers(page), []);
    await page.getByLabel('API key').fill(key);
    await press(page, page.getByRole('button', { name: 'Sign in' }));
    await use(page, context);
  } finally {
    await context.close();
  }
}

async function find(page: Page, term: string): Promise<void> {
  await page.getByRole('searchbox').fill(term);
  await press(page, page.getByRole('button', { name: 'Find' }));
}

test('one screen says why this phone did not change, and then that it did', async () => {
  await signedIn(site.demo.apiKeys.admin, async (page) => {
    await find(page, ` ${EMAIL.toUpperCase()} `);
    assert.match(page.url(), /\/ops\/demo\/customers\//);
    assert.ok(!page.url().includes('%40'), 'no e-mail address in an address');
    assert.ok(await page.getByText(EMAIL).isVisible());
    assert.ok(await page.getByText('revision 2 of 3').isVisible());
    assert.ok(await page.getByText('1 of 1 devices have not fetched revision 3 yet').isVisible(), 'at a glance');
    assert.ok(await page.getByText('did you mean "points"?').isVisible(), 'a wrong field key, with its cure');
    assert.deepEqual(await findBarriers(page), []);

    await press(page, page.getByRole('link', { name: 'This request: push-update' }).first());
    assert.ok(await page.getByText('1 of 1 devices have not fetched revision 3 yet').isVisible());
    for (const step of ['find-pass', 'apply-data', 'notify-devices']) {
      assert.ok(await page.getByText(`Step ${step}: succeeded`).isVisible(), step);
    }
    assert.ok(await page.getByText('Push taken by the wallet service').isVisible());
    assert.deepEqual(await findBarriers(page), []);

    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 320, height: 700 });
    assert.deepEqual(await findBarriers(page), []);
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320);

    await site.push(phone);
    await page.reload();
    assert.ok(await page.getByText('Every device has revision 3.').isVisible());
    assert.ok(await page.getByText('fetched revision 3').isVisible());
  });
});

test('correlation ids, serial numbers and phones lead there as well, and strangers nowhere', async () => {
  const [row] = await site.db.owner<{ operation_id: string }>(
    `select operation_id from operations where kind = 'push-update' and ended_at is not null limit 1`,
  );
  await signedIn(site.demo.apiKeys.operations, async (page) => {
    await find(page, row!.operation_id);
    assert.ok(page.url().endsWith(`/operations/${row!.operation_id}`));
    for (const term of [site.demo.pass.serialNumber, '(500) 555-0006', 'C-1001']) {
      await find(page, term);
      assert.match(page.url(), /\/customers\//, term);
    }
    await find(page, 'nobody@example.com');
    await page.getByText('Nobody and nothing has this identifier').waitFor();
  });
});

test('personal data is masked without Customer.Read, and buttons need their scopes', async () => {
  const message = `Web service error for pass type (serial number ${site.demo.pass.serialNumber}): Sarah <${EMAIL}> +1 500 555 0006`;
  await appendDeviceLog(site.db.database, [message]);
  await signedIn(site.demo.apiKeys.admin, async (page) => {
    await find(page, EMAIL);
    // Contacts are masked when the line is stored, whoever reads it.
    assert.ok(await page.getByText('Sarah <s•••@example.com>').isVisible(), 'device log lines stand in the timeline');
  });
  await signedIn(site.demo.apiKeys.operations, async (page) => {
    await find(page, EMAIL);
    assert.ok(await page.getByText('s•••@example.com', { exact: true }).isVisible());
    assert.ok(!(await page.content()).includes('sarah.mason'));
    assert.ok(!(await page.content()).includes('Mason'));
    assert.ok(await page.getByText('••• <s•••@example.com> •••06').isVisible(), 'in what devices reported, too');
    assert.ok(
      !(await page.content()).includes(`/p/${site.demo.pass.serialNumber}`),
      'no way to the page with the name',
    );
    assert.equal(await page.getByRole('link', { name: 'Void this pass' }).count(), 0);
  });
});

test('void and retry are requests like any other', async () => {
  await signedIn(site.demo.apiKeys.admin, async (page) => {
    await find(page, EMAIL);
    await press(page, page.getByRole('link', { name: 'Void this pass' }));
    assert.ok(await page.getByRole('heading', { name: 'Void this pass?' }).isVisible());
    assert.ok(await page.getByText(EMAIL).isVisible(), 'whose pass it is');
    assert.deepEqual(await findBarriers(page), []);
    await press(page, page.getByRole('button', { name: 'Void it' }));
    assert.ok(await page.getByRole('heading', { name: 'void-pass' }).isVisible());
    const id = page.url().split('/').at(-1)!;
    const row = () => rowsOf(site.db).operation(id, 'origin', 'status', 'run');
    assert.deepEqual(await row(), { origin: 'operator', status: 'accepted', run: 1 });
    assert.equal(await page.getByRole('button', { name: 'Retry' }).count(), 0, 'it is still on its way');
    await site.db.owner(
      `update operations set status = 'failed', outcome = 'gave-up', ended_at = now() where operation_id = $1`,
      [id],
    );
    await page.reload();
    await press(page, page.getByRole('button', { name: 'Retry' }));
    assert.deepEqual(await row(), { origin: 'operator', status: 'accepted', run: 2 });
  });
});

test('a delivery that was given up can be sent again from the page of its request', async () => {
  const [row] = await site.db.owner<{ operation_id: string }>(
    `select operation_id from operations where kind = 'push-update' and ended_at is not null limit 1`,
  );
  await site.db.owner(
    `with endpoint as (insert into webhook_endpoints (endpoint_id, tenant_id, url, event_types) values (gen_random_uuid(), 'demo', 'https://shop.example/hooks', '{}') returning endpoint_id),
          event as (insert into events (event_id, tenant_id, type, operation_id, origin, payload)
                    values (gen_random_uuid(), 'demo', 'pass.updated', $1, 'klaviyo', '{}') returning event_id)
     insert into deliveries (delivery_id, tenant_id, event_id, endpoint_id, status, attempts, ended_at)
     select gen_random_uuid(), 'demo', event_id, endpoint_id, 'exhausted', 12, now() from endpoint, event`,
    [row!.operation_id],
  );
  await signedIn(site.demo.apiKeys.admin, async (page) => {
    await find(page, row!.operation_id);
    assert.ok(await page.getByText('Merchant: pass.updated exhausted').isVisible());
    await press(page, page.getByRole('button', { name: 'Redeliver' }));
    assert.ok(page.url().endsWith(`/operations/${row!.operation_id}`));
    assert.equal(await page.getByText('exhausted', { exact: true }).count(), 0);
  });
});

test('the door opens to keys of this tenant with the scope, as long as they are valid', async () => {
  const sql = site.db.database.tenant('demo');
  const { key, keyId } = await createApiKey(sql, { tenantId: 'demo', name: 'x', scopes: ['Operation.Read'] });
  for (const wrong of ['', 'pr_live_x', site.demo.apiKeys.klaviyo]) {
    await signedIn(wrong || ' ', async (page) => {
      assert.equal(await page.getByRole('searchbox').count(), 0);
      assert.ok(await page.locator('#sign-in-key-fault').isVisible());
    });
  }
  await signedIn(key, async (page, context) => {
    assert.equal(await page.getByRole('searchbox').count(), 1);
    const [cookie] = await context.cookies();
    assert.equal(cookie?.httpOnly, true);
    assert.equal(cookie?.sameSite, 'Lax');
    assert.ok(!decodeURIComponent(cookie!.value).includes(key));
    const foreign = await page.request.get(`${site.baseUrl}/ops/elsewhere`, {
      headers: { cookie: `passrelay_ops=${cookie!.value}` },
    });
    assert.equal(foreign.status(), 401);
    const unsigned = await page.request.post(`${site.baseUrl}/ops/demo/search`, { form: { term: EMAIL } });
    assert.equal(unsigned.status(), 409, 'a form without the token of its session');
    await revokeApiKey(sql, keyId);
    await page.reload();
    assert.equal(await page.getByRole('searchbox').count(), 0, 'a revoked key ends its sessions');
  });
});
