import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { putImage } from '../../src/database/tenants/pass-types.js';
import { putBadges } from '../../src/database/tenants/tenants.js';
import { AGENTS, findBarriers, launchBrowser, openWindow } from './browser.js';
import { startSite, type Site } from './site.js';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="110" height="40"><rect width="110" height="40"/></svg>';

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

async function passPageIn(locale: string, look: (page: Page) => Promise<void>, width = 390): Promise<void> {
  const context = await openWindow(browser, { width, height: 844, userAgent: AGENTS.iphone, locale });
  try {
    const page = await context.newPage();
    await page.goto(`${site.baseUrl}/p/${site.demo.pass.serialNumber}`);
    await look(page);
  } finally {
    await context.close();
  }
}

test('without artwork the buttons are ours; with it the link is the badge of the reader’s language', async () => {
  await passPageIn('en-GB', async (page) => {
    assert.equal(await page.locator('a.badge').count(), 0);
    assert.ok(await page.getByRole('link', { name: 'Add to Apple Wallet' }).isVisible());
  });
  await passPageIn(
    'de-DE',
    async (page) => {
      const lines = await page.evaluate<number>(`(() => {
        const text = document.querySelector('a.wallet span').firstChild;
        const range = document.createRange();
        const from = text.data.indexOf('Apple Wallet');
        range.setStart(text, from);
        range.setEnd(text, from + 'Apple Wallet'.length);
        return range.getClientRects().length;
      })()`);
      assert.equal(lines, 1, 'the name of the wallet stands in one line');
    },
    320,
  );
  const sql = site.db.database.tenant('demo');
  const sha256 = await putImage(sql, Buffer.from(SVG));
  assert.equal(await putBadges(sql, { 'apple.de': { sha256, type: 'svg' } }), true);
  assert.equal(await putBadges(sql, { 'apple.de': { sha256, type: 'svg' } }), false, 'the same again changes nothing');
  await passPageIn('de-DE', async (page) => {
    assert.ok(await page.getByRole('link', { name: 'Zu Apple Wallet hinzufügen' }).isVisible());
    assert.equal(await page.evaluate<number>(`document.querySelector('a.badge img').naturalWidth`), 110);
    assert.deepEqual(await findBarriers(page), []);
  });
  await passPageIn('en-GB', async (page) => {
    assert.equal(await page.locator('a.badge').count(), 0, 'a German badge is for German readers');
  });
  const answer = await fetch(`${site.baseUrl}/assets/demo/${sha256}.svg`);
  assert.match(answer.headers.get('content-type') ?? '', /^image\/svg\+xml/);
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/);
});
