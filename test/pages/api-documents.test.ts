import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { TAGS } from '../../src/api/tags.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, type Screen } from './browser.js';

const DESK: Screen = { width: 1280, height: 900, userAgent: AGENTS.desktop };

let db: TestDatabase;
let api: TestApi;
let browser: Browser;
before(async () => {
  browser = await launchBrowser();
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
});
after(async () => {
  await browser?.close();
  await api?.close();
  await db?.drop();
});

interface Description {
  paths: Record<string, Record<string, { summary: string; tags: string[]; operationId: string }>>;
}

const openReference = async (screen: Screen) => {
  const context = await openWindow(browser, screen);
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked = new Set<string>();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => asked.add(request.url()));
  await page.goto(`${api.baseUrl}/docs`, { waitUntil: 'networkidle' });
  return { context, page, complaints, asked };
};

test('/docs lists every call of every group, asks nobody else for anything and complains of nothing', async () => {
  const { context, page, complaints, asked } = await openReference(DESK);
  const { paths } = (await (await api.fetch('/openapi.json')).json()) as Description;
  const calls = Object.values(paths).flatMap((methods) => Object.values(methods));
  assert.ok(calls.length > 40, `${calls.length} calls`);
  assert.equal(new Set(calls.map(({ operationId }) => operationId)).size, calls.length, 'names are unique');
  const contents = await page.locator('openapi-explorer nav').first().innerText();
  for (const tag of Object.keys(TAGS)) assert.ok(contents.includes(tag), `the contents name ${tag}`);
  const said = await page.evaluate<string>(
    `document.querySelector('openapi-explorer').shadowRoot.querySelector('nav').textContent`,
  );
  const spaced = said.replace(/\s+/g, ' ');
  assert.deepEqual(
    calls.map(({ summary }) => summary).filter((summary) => !spaced.includes(summary)),
    [],
    'the contents name every call',
  );
  const mine = ['/docs', '/docs/reference.js', '/openapi.json'].map((path) => api.baseUrl + path);
  assert.deepEqual([complaints, [...asked].filter((url) => !mine.includes(url))], [[], []]);
  await context.close();
});

test('/docs finds a call, shows its fields and errors, and tries it with a key', async () => {
  const tenant = await seedTenant(db);
  const { context, page, complaints, asked } = await openReference(DESK);
  await page.getByText('Authentication', { exact: true }).first().click();
  await page.getByPlaceholder('api-token').first().fill(tenant.keys.all);
  await page.getByRole('button', { name: 'SET', exact: true }).first().click();
  await page.getByPlaceholder('Filter').fill('pass types of');
  await page.getByText('Pass types of the tenant with their fields').first().click();
  for (const text of ['GET', '/v1/pass-templates', 'apiFieldName'])
    assert.ok(await page.getByText(text).first().isVisible(), `${text} is shown`);
  const answer = page.waitForResponse((response) => response.url().includes('/v1/pass-templates'));
  await page.getByRole('button', { name: /^(try|execute)$/i }).click();
  const got = await answer;
  assert.equal(got.status(), 200, await got.text());
  await page.getByText('"basic"').first().waitFor();
  assert.deepEqual([complaints, [...asked].filter((url) => !url.startsWith(api.baseUrl))], [[], []]);
  assert.deepEqual(await findBarriers(page), []);
  await context.close();
});

test('the script of /docs is packed, kept by browsers, and the same under another packing', async () => {
  const packed = await api.fetch('/docs/reference.js', { headers: { 'Accept-Encoding': 'gzip' } });
  const plain = await api.fetch('/docs/reference.js', { headers: { 'Accept-Encoding': 'identity' } });
  assert.deepEqual([packed.headers.get('content-encoding'), plain.headers.get('content-encoding')], ['gzip', null]);
  assert.equal(await packed.text(), await plain.text());
  const again = await api.fetch('/docs/reference.js', {
    headers: { 'If-None-Match': packed.headers.get('etag')!, 'Cache-Control': 'max-age=0' },
  });
  assert.equal(again.status, 304);
  const policy = (await api.fetch('/docs')).headers.get('content-security-policy')!;
  assert.ok(!/https?:|\*|unsafe-eval|script-src[^;]*unsafe/.test(policy), policy);
});

test('the documents fit a phone, by day and by night, for everybody', async () => {
  const context = await openWindow(browser, { width: 360, height: 640, userAgent: AGENTS.android });
  const page = await context.newPage();
  for (const path of ['/', '/docs', '/problems', '/problems/invalid-request']) {
    await page.goto(api.baseUrl + path, { waitUntil: 'networkidle' });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await findBarriers(page), [], `${path} ${colorScheme}`);
    }
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 360, path);
  }
  await context.close();
});
