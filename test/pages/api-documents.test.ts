import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { EVENT_TYPES } from '../../src/merchants/events.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { AGENTS, findBarriers, launchBrowser, openWindow } from './browser.js';

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

test('/docs shows every operation in a real browser, asks nobody else for anything and complains of nothing', async () => {
  const context = await openWindow(browser, { width: 1280, height: 900, userAgent: AGENTS.desktop });
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${api.baseUrl}/docs`, { waitUntil: 'networkidle' });
  assert.deepEqual([complaints, asked], [[], [`${api.baseUrl}/docs`]], 'works offline and within its policy');

  const { paths } = (await (await api.fetch('/openapi.json')).json()) as { paths: Record<string, object> };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.ok(operations.length > 30);
  const headings = await page.getByRole('heading', { level: 2 }).allInnerTexts();
  assert.deepEqual(
    operations.filter((operation) => !headings.includes(operation)),
    [],
  );
  const leads = await page.evaluate<[string, string | undefined][]>(
    `[...document.querySelectorAll('nav a')].map((a) => [a.innerText, document.getElementById(a.hash.slice(1))?.innerText])`,
  );
  assert.deepEqual(
    leads.map(([name]) => name).toSorted(),
    headings.filter((heading) => operations.includes(heading)).toSorted(),
    'the contents name every call',
  );
  for (const [name, heading] of leads) assert.equal(heading, name, 'a line of the contents leads to its call');
  for (const type of EVENT_TYPES) assert.ok(await page.getByText(type, { exact: true }).isVisible(), type);
  assert.ok(!(await page.locator('main').innerText()).includes('`'), 'names are set as code');
  await context.close();
});

test('the documents fit a phone, by day and by night, for everybody', async () => {
  const context = await openWindow(browser, { width: 360, height: 640, userAgent: AGENTS.android });
  const page = await context.newPage();
  for (const path of ['/', '/docs', '/problems', '/problems/invalid-request']) {
    await page.goto(api.baseUrl + path);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await findBarriers(page), [], `${path} ${colorScheme}`);
    }
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 360, path);
  }
  await context.close();
});
