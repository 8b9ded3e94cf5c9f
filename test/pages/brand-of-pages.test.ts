import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { hashLinkToken } from '../../src/passes/link-token.js';
import { tenantSettings } from '../../src/passes/tenant-settings.js';
import { AGENTS, findBarriers, launchBrowser, openWindow } from './browser.js';
import { startSite, type Site } from './site.js';

const PAGES = {
  privacyUrl: 'https://kestrel.example/privacy',
  imprintUrl: 'https://kestrel.example/imprint',
  supportUrl: 'mailto:help@kestrel.example',
  brandUrl: 'https://kestrel.example',
};
let site: Site;
let browser: Browser;
before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  await site.db.owner(
    `update tenants set settings = settings || jsonb_build_object('pages', $1::jsonb) where tenant_id = 'demo'`,
    [JSON.stringify(PAGES)],
  );
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test('every page whose tenant is known ends with its addresses, is in one language, and a mistake leads to support', async () => {
  const expired = await site.token(await site.newCustomer());
  await site.db.owner('update link_tokens set expires_at = now() where token_hash = $1', [hashLinkToken(expired)]);
  const addresses: Record<string, string> = {
    pass: `${site.baseUrl}/p/${site.demo.pass.serialNumber}`,
    enrolment: site.link('mail', await site.token(await site.newCustomer())),
    expired: site.link('mail', expired),
    'no pass': site.link('mail/confirm', await site.token(await site.newCustomer())),
  };
  for (const [name, address] of Object.entries(addresses)) {
    const context = await openWindow(browser, { width: 320, height: 700, userAgent: AGENTS.iphone, locale: 'de-DE' });
    const page = await context.newPage();
    await page.goto(address);
    for (const [text, href] of [
      ['Datenschutz', PAGES.privacyUrl],
      ['Impressum', PAGES.imprintUrl],
      ['Hilfe', PAGES.supportUrl],
    ] as const) {
      assert.equal(await page.getByRole('link', { name: text }).getAttribute('href'), href, `${name}: ${text}`);
    }
    assert.equal(await page.locator('header a').getAttribute('href'), PAGES.brandUrl, name);
    const mistake = ['expired', 'no pass'].includes(name);
    assert.equal(await page.getByRole('link', { name: 'Schreib uns' }).count(), mistake ? 1 : 0, name);
    assert.doesNotMatch(await page.locator('body').innerText(), /For the team|Cure|Hello|needed/, name);
    assert.deepEqual(await findBarriers(page), [], name);
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 320, name);
    await context.close();
  }
});

test('what fails behind a personal link speaks for its brand, too, in the reader’s language', async () => {
  const opened = await fetch(site.link('mail', await site.token(await site.newCustomer())), { redirect: 'manual' });
  const [cookie] = opened.headers.get('set-cookie')!.split(';');
  const enrol = async (body: string): Promise<Response> =>
    fetch(`${site.baseUrl}/demo/mail/enrol`, {
      method: 'POST',
      headers: {
        Cookie: cookie!,
        Accept: 'text/html',
        'Accept-Language': 'de',
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body,
    });
  const wrongs: [name: string, status: number, answer: Response][] = [
    ['a form of another session', 409, await enrol('csrf=of-another-session')],
    ['a form that is too large', 413, await enrol(`csrf=${'x'.repeat(300_000)}`)],
  ];
  for (const [name, status, answer] of wrongs) {
    const text = await answer.text();
    assert.equal(answer.status, status, name);
    assert.match(text, /<html lang="de">/, name);
    for (const href of [PAGES.supportUrl, PAGES.privacyUrl, PAGES.brandUrl]) {
      assert.ok(text.includes(`href="${href}"`), `${name}: ${href}`);
    }
  }
});

test('a stranger who guesses learns no brand', async () => {
  for (const address of [`${site.baseUrl}/p/unknown`, site.link('mail', 'U'.repeat(43))]) {
    const text = await (await fetch(address, { headers: { Accept: 'text/html' } })).text();
    assert.ok(!text.includes('kestrel.example') && !text.includes('Kestrel'), address);
  }
});

test('addresses that a browser would run or that are not web pages are refused with the tenant folder', () => {
  for (const wrong of ['javascript:alert(1)', 'http://kestrel.example', 'https://x"onclick', 'data:text/html,x', '']) {
    for (const name of Object.keys(PAGES)) {
      assert.equal(tenantSettings.safeParse({ pages: { [name]: wrong } }).success, false, `${name} ${wrong}`);
    }
  }
});
