import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { listPassTypes, publishVersion } from '../../src/database/tenants/pass-types.js';
import { rowsOf } from '../support/rows.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

let site: Site;
let browser: Browser;

before(async () => {
  browser = await launchBrowser();
  site = await startSite();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

async function enrolling(customerId: string, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await openWindow(browser, { width: 375, height: 800, userAgent: AGENTS.iphone });
  try {
    const page = await context.newPage();
    await page.goto(site.link('mail', await site.token(customerId)));
    await use(page);
  } finally {
    await context.close();
  }
}
const consentsOf = (customerId: string) =>
  site.db.owner<{ channel: string }>('select channel from consents where customer_id = $1 order by channel', [
    customerId,
  ]);
const SMS = 'Text me when my card changes';
const MAIL = 'Write to me about new roasts';

test('a consent is offered only for a channel that reaches the person', async () => {
  const customerId = await site.newCustomer();
  await enrolling(customerId, async (page) => {
    assert.equal(await page.getByLabel(MAIL).count(), 1);
    assert.equal(await page.getByLabel(SMS).count(), 0, 'there is no phone number, and none is asked for');
  });
  await site.db.owner(`update customers set phone = '+15005550199' where customer_id = $1`, [customerId]);
  await enrolling(customerId, async (page) => assert.equal(await page.getByLabel(SMS).count(), 1));
  await site.db.owner(`update customers set email = null where customer_id = $1`, [customerId]);
  await enrolling(customerId, async (page) => assert.equal(await page.getByLabel(MAIL).count(), 0));
});

test('where the card asks for the phone number, the consent needs one that can be called, and it is kept', async () => {
  const sql = site.db.database.tenant('demo');
  const [type] = await listPassTypes(sql);
  const mobile = {
    apiFieldName: 'mobile',
    label: 'Mobile',
    type: 'text',
    required: true,
    source: 'phone_number',
  } as const;
  await publishVersion(sql, { ...type!.design, fields: [...type!.design.fields, mobile] }, type!.images);
  const customerId = await site.newCustomer({ firstName: 'Ada' });
  await enrolling(customerId, async (page) => {
    await page.getByLabel('Mobile').fill('by pigeon');
    await page.getByLabel(SMS).check();
    await press(page, page.getByRole('button', { name: 'Get my card' }));
    assert.ok(await page.getByText('This does not look right. Please check it.').isVisible(), 'beside the field');
    assert.equal(await page.getByLabel('Mobile').getAttribute('aria-invalid'), 'true');
    assert.deepEqual(await findBarriers(page), []);
    assert.deepEqual(await consentsOf(customerId), [], 'nothing was agreed to yet');
    await page.getByLabel('Mobile').fill('(500) 555-0142');
    await page.getByLabel(SMS).setChecked(true);
    await press(page, page.getByRole('button', { name: 'Get my card' }));
    assert.match(new URL(page.url()).pathname, /^\/p\//);
  });
  assert.deepEqual(await consentsOf(customerId), [{ channel: 'sms' }]);
  const [row] = await site.db.owner('select phone from customers where customer_id = $1', [customerId]);
  assert.deepEqual(row, { phone: '+15005550142' });
  const stranger = await site.newCustomer({ firstName: 'Eve' });
  await enrolling(stranger, async (page) => {
    await page.getByLabel('Mobile').fill('at home');
    await press(page, page.getByRole('button', { name: 'Get my card' }));
    assert.match(new URL(page.url()).pathname, /^\/p\//, 'without the consent the card takes any text, as before');
  });
});

test('whoever came in by a test gets a test pass, and so does everybody in a staging tenant', async () => {
  const enrol = async (customerId: string) => {
    await enrolling(customerId, async (page) => {
      if (await page.getByLabel('Mobile').count()) await page.getByLabel('Mobile').fill('(500) 555-0177');
      await press(page, page.getByRole('button', { name: 'Get my card' }));
      assert.match(new URL(page.url()).pathname, /^\/p\//);
    });
    const [pass] = await rowsOf(site.db).passes({ customerId }, 'test');
    return pass!.test;
  };
  const person = (phone: string) => site.newCustomer({ firstName: 'Ada', email: `${phone}@example.com` });
  const [live, tested, staged] = [await person('one'), await person('two'), await person('three')];
  await site.db.owner(`update customers set phone = '+1500555018' || length(email) where customer_id = any ($1)`, [
    [live, tested, staged],
  ]);
  await site.db.owner('update customers set test = true where customer_id = $1', [tested]);
  assert.equal(await enrol(live), false);
  assert.equal(await enrol(tested), true);
  await site.db.owner(`update tenants set environment = 'staging' where tenant_id = 'demo'`);
  assert.equal(await enrol(staged), true);
});
