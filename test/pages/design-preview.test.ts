import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

const wasm = readFileSync(createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm'));
await prepareZXingModule({ overrides: { wasmBinary: wasm.buffer as ArrayBuffer }, fireImmediately: true });

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

async function signedIn(width: number, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await openWindow(browser, { width, height: 900, userAgent: AGENTS.desktop });
  try {
    const page = await context.newPage();
    await page.goto(`${site.baseUrl}/ops/demo`);
    await page.getByLabel('API key').fill(site.demo.apiKeys.operations);
    await press(page, page.getByRole('button', { name: 'Sign in' }));
    await use(page);
  } finally {
    await context.close();
  }
}

test('the operator sees a design as both wallets show it, for the customer and the language that are chosen', async () => {
  await signedIn(1280, async (page) => {
    await page.goto(`${site.baseUrl}/ops/demo/pass-types/basic/preview`);
    await page.getByLabel('Customer').selectOption('tier gold');
    await page.getByLabel('Language').selectOption('de');
    await press(page, page.getByRole('button', { name: 'Show' }));
    await page.waitForURL(/language=de/);
    for (const scheme of ['Light', 'Dark']) {
      const scene = page.getByRole('group', { name: scheme, exact: true });
      assert.equal(await scene.getByText('BOHNEN', { exact: true }).count(), 2, 'the new iPhone and the old one');
      assert.ok(await scene.getByText('Du hast jetzt 120 Bohnen.').isVisible());
      assert.ok(await scene.getByText('Kestrel Karte').isVisible());
    }
    const colour = await page.evaluate<string>(
      `getComputedStyle(document.querySelector('article.card')).backgroundColor`,
    );
    assert.equal(colour, 'rgb(102, 76, 30)');
    const broken = await page.evaluate<number>(
      `[...document.images].filter((image) => !image.complete || image.naturalWidth === 0).length`,
    );
    assert.equal(broken, 0, 'every image of the design is there');
    // An independent scanner reads what is painted: two iPhones and Google, by day and by night.
    const codes = page.locator('article.card figure, article.gcard .code');
    assert.equal(await codes.count(), 6);
    for (const code of await codes.all()) {
      const found = await readBarcodes(new Uint8Array(await code.screenshot()), { tryInvert: false });
      assert.deepEqual(
        found.map(({ format, text }) => [format, text]),
        [['QRCode', 'Prev1ew-0000-SampleCard1']],
      );
    }
    assert.deepEqual(await findBarriers(page), []);
  });
});

test('values of the operator’s own are posted, shown on both wallets, and stand in no address', async () => {
  await signedIn(1280, async (page) => {
    await page.goto(`${site.baseUrl}/ops/demo/pass-types/basic/preview`);
    await page.getByText('Values of your own').click();
    await page.getByLabel('points', { exact: true }).fill('4711');
    await page.getByLabel('tier', { exact: true }).fill('silver');
    await page.getByLabel('offer-url').fill('no address');
    await press(page, page.getByRole('button', { name: 'Show these' }));
    assert.doesNotMatch(page.url(), /4711|silver|value/);
    const light = page.getByRole('group', { name: 'Light', exact: true });
    assert.equal(await light.getByText('4,711', { exact: true }).count(), 2, 'both iPhones');
    assert.equal(await light.getByText('Silver', { exact: true }).count(), 3, 'and Google');
    assert.match(await page.getByRole('alert').innerText(), /offer-url/i);
    assert.equal(await page.getByLabel('points', { exact: true }).inputValue(), '4711');
    assert.deepEqual(await findBarriers(page), []);
    const strange = await page.request.post(page.url(), { form: { 'value:points': '1', csrf: 'x' } });
    assert.equal(strange.status(), 409);
  });
});

test('nothing scrolls sideways on a phone, a pass needs Customer.Read, and strangers see the door', async () => {
  await signedIn(360, async (page) => {
    await page.goto(`${site.baseUrl}/ops/demo/pass-types/premium/preview`);
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 360);
    assert.deepEqual(await findBarriers(page), []);
    const serial = site.demo.pass.serialNumber;
    const answer = await page.goto(`${site.baseUrl}/ops/demo/pass-types/basic/preview?pass=${serial}`);
    assert.equal(answer!.status(), 403);
    assert.equal((await page.goto(`${site.baseUrl}/ops/demo/pass-types/nope/preview`))!.status(), 404);
  });
  assert.equal((await fetch(`${site.baseUrl}/ops/demo/pass-types/basic/preview`)).status, 401);
});
