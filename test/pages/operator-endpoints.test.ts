import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

let site: Site;
let browser: Browser;
before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  await site.db.owner(
    `insert into webhook_endpoints (tenant_id, url, event_types, state, disabled_reason, disabled_at, failing_since, updated_at) values
       ('demo', 'https://gone.example/hooks?token=s3cret', '{}', 'disabled', 'The endpoint answered 410 Gone.', '2026-02-01T03:04:05Z', '2026-02-01T03:04:05Z', now()),
       ('demo', 'https://slow.example/hooks', '{}', 'enabled', null, null, '2026-02-02T01:00:00Z', now()),
       ('demo', 'https://well.example/hooks', '{}', 'enabled', null, null, null, now())`,
  );
  await site.db.owner(
    `with event as (insert into events (event_id, tenant_id, type, payload, fanned_out)
                    values (gen_random_uuid(), 'demo', 'webhook.test', '{}', true) returning event_id),
          delivery as (insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id, status, attempts, dispatch_after)
                       select gen_random_uuid(), 'demo', endpoint_id, event_id, 'retrying', 2, now() + interval '1 day'
                         from event, webhook_endpoints where url like 'https://slow%' returning delivery_id)
     insert into delivery_attempts (tenant_id, delivery_id, attempt, error)
     select 'demo', delivery_id, n, (array['ECONNREFUSED', 'unsafe-address'])[n] from delivery, generate_series(1, 2) n`,
  );
});
after(async () => {
  await browser?.close();
  await site?.close();
});

async function signedIn(key: string, width: number, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await openWindow(browser, { width, height: 800, userAgent: AGENTS.desktop });
  try {
    const page = await context.newPage();
    await page.goto(`${site.baseUrl}/ops/demo`);
    await page.getByLabel('API key').fill(key);
    await press(page, page.getByRole('button', { name: 'Sign in' }));
    await use(page);
  } finally {
    await context.close();
  }
}

test('the first page names endpoints that are switched off or fail, since when and why, and how to cure it', async () => {
  await signedIn(site.demo.apiKeys.operations, 360, async (page) => {
    const box = page.getByRole('region', { name: 'Endpoints in trouble' });
    const text = await box.innerText();
    for (const words of [
      'gone.example',
      'switched off',
      '2026-02-01 03:04:05',
      '410 Gone',
      'slow.example',
      'failing',
      'unsafe-address: The host has a private',
    ]) {
      assert.ok(text.includes(words), words);
    }
    assert.ok(!text.includes('well.example'));
    assert.equal(await page.getByText('Nothing is wrong now').count(), 0);
    assert.ok(await page.getByText('2 webhook endpoints of the merchant take no deliveries').isVisible());
    assert.ok(!(await page.content()).includes('s3cret'), 'the host alone: an address may hold a secret');
    assert.ok(await page.getByText('/api/demo/webhook-endpoints/{id}/enable').isVisible());
    assert.equal(await page.getByRole('button', { name: 'Switch on again' }).count(), 0, 'it needs Tenant.Admin');
    assert.deepEqual(await findBarriers(page), []);
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 360);
  });
});

test('a key with Tenant.Admin switches one on again there', async () => {
  await signedIn(site.demo.apiKeys.admin, 1280, async (page) => {
    assert.deepEqual(await findBarriers(page), []);
    await press(page, page.getByRole('button', { name: 'Switch on again' }));
    assert.match(page.url(), /\/ops\/demo$/);
    assert.equal(await page.getByText('gone.example').count(), 0);
    const [row] = await site.db.owner(
      `select state, disabled_reason, disabled_at, failing_since from webhook_endpoints where url like 'https://gone%'`,
    );
    assert.deepEqual(row, { state: 'enabled', disabled_reason: null, disabled_at: null, failing_since: null });
  });
});
