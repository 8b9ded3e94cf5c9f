import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { AGENTS, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

// PUBLIC_URL has one name. Under the other one of the same machine everything works, and nothing leads away from it.

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

/** A window that notes every other host that its pages ask or lead to. */
async function openWatched(base: string, userAgent: string): Promise<{ page: Page; strangers: Set<string> }> {
  const context = await openWindow(browser, { width: 1280, height: 900, userAgent });
  const page = await context.newPage();
  const strangers = new Set<string>();
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== base) strangers.add(request.url());
  });
  return { page, strangers };
}

/** Addresses of a page, by its links, forms and pictures, that have another origin. */
const leadingAway = async (page: Page, base: string): Promise<string[]> => {
  const all = await page.evaluate<string[]>(
    `[...document.querySelectorAll('a[href], form, img')].map((one) => one.href ?? one.src ?? new URL(one.getAttribute('action') ?? '', location).href)`,
  );
  // Google's own button leads to Google.
  return all
    .filter((address) => /^https?:/.test(address) && new URL(address).origin !== base)
    .filter((address) => !address.startsWith('https://save.example/'));
};

for (const host of ['127.0.0.1', 'localhost']) {
  const baseOf = (): string => `http://${host}:${new URL(site.baseUrl).port}`;

  test(`${host}: an operator signs in, uses forms, and is led nowhere else`, async () => {
    const base = baseOf();
    const { page, strangers } = await openWatched(base, AGENTS.desktop);
    const button = (name: string | RegExp) => press(page, page.getByRole('button', { name }).first());
    await page.goto(`${base}/ops/demo/campaigns`);
    await page.getByLabel('API key').fill(site.demo.apiKeys.admin);
    await button('Sign in');
    assert.equal(page.url(), `${base}/ops/demo/campaigns`, 'the page that was asked for');
    await page.getByLabel('Name').fill(`Made at ${host}`);
    await page.getByLabel('Message', { exact: true }).fill('Hello');
    await button('Show the dry run');
    assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), `Made at ${host}`);
    await page.getByRole('link', { name: 'Requests' }).click();
    await page.getByRole('searchbox').fill('sarah.mason@example.com');
    await button('Find');
    assert.match(page.url(), new RegExp(`^${base}/ops/demo/customers/`));
    assert.deepEqual(await leadingAway(page, base), []);
    await page.goto(`${base}/ops/demo/klaviyo`);
    await button(/^Send a test event/);
    assert.match(page.url(), new RegExp(`^${base}/ops/demo/operations/`));
    await page.goto(`${base}/ops/demo`);
    await button('Sign out');
    assert.ok(await page.getByLabel('API key').isVisible());
    assert.deepEqual([...strangers], []);
    await page.context().close();
  });

  test(`${host}: a customer enrols by a personal link, and gets the card`, async () => {
    const base = baseOf();
    const { page, strangers } = await openWatched(base, AGENTS.iphone);
    const token = await site.token(await site.newCustomer({ firstName: 'Ada' }));
    await page.goto(site.link('mail', token).replace(site.baseUrl, base));
    assert.equal(page.url(), `${base}/demo/mail/enrol`);
    for (const input of await page.locator('form input[required]').all()) {
      await input.fill((await input.getAttribute('type')) === 'number' ? '1' : 'Ada');
    }
    for (const select of await page.locator('form select[required]').all()) await select.selectOption({ index: 1 });
    await press(page, page.getByRole('button'));
    assert.match(page.url(), new RegExp(`^${base}/p/`));
    assert.deepEqual(await leadingAway(page, base), []);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /Apple Wallet/ }).click(),
    ]);
    assert.ok(download.url().startsWith(base), download.url());
    assert.deepEqual([...strangers], []);
    await page.context().close();
  });

  test(`${host}: the reference tries calls where it was opened`, async () => {
    const base = baseOf();
    const { page, strangers } = await openWatched(base, AGENTS.desktop);
    await page.goto(`${base}/docs`, { waitUntil: 'networkidle' });
    await page.getByText('Authentication', { exact: true }).first().click();
    await page.getByPlaceholder('api-token').first().fill(site.demo.apiKeys.admin);
    await page.getByRole('button', { name: 'SET', exact: true }).first().click();
    await page.getByPlaceholder('Filter').fill('pass types of');
    await page.getByText('Pass types of the tenant with their fields').first().click();
    const answer = page.waitForResponse((response) => response.url().includes('/v1/pass-templates'));
    await page.getByRole('button', { name: /^(try|execute)$/i }).click();
    const got = await answer;
    assert.deepEqual([got.status(), new URL(got.url()).origin], [200, base]);
    assert.deepEqual([...strangers], []);
    await page.context().close();
  });
}
