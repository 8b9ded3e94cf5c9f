import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { recordStep } from '../../src/database/operations/steps.js';
import { accept } from '../support/operations.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

let site: Site;
let browser: Browser;
const screen = { width: 375, height: 800, userAgent: AGENTS.desktop };

before(async () => {
  browser = await launchBrowser();
  site = await startSite();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

async function update(): Promise<string> {
  const input = { identifiers: [], passType: null, data: {}, updateMetadata: false };
  const id = await accept(site.db, { tenantId: 'demo' }, { kind: 'push-update', input });
  await site.db.owner(`update operations set origin = 'klaviyo' where operation_id = $1`, [id]);
  return id;
}

async function signIn(page: Page): Promise<void> {
  await page.goto(`${site.baseUrl}/ops/demo`);
  await page.getByLabel('API key').fill(site.demo.apiKeys.admin);
  await press(page, page.getByRole('button', { name: 'Sign in' }));
}

test('the page of a request under way says what it waits for, and shows how it ends by itself', async () => {
  const context = await openWindow(browser, screen);
  const page = await context.newPage();
  await signIn(page);
  const id = await update();
  await page.goto(`${site.baseUrl}/ops/demo/operations/${id}`);
  let loads = 0;
  page.on('load', () => void loads++);
  const answer = page.getByRole('status');
  assert.match(await answer.innerText(), /accepted and waits for its turn/);
  assert.deepEqual(await findBarriers(page), []);
  const sql = site.db.database.tenant('demo');
  const step = { tenantId: 'demo', operationId: id, run: 1, step: 'find-pass' } as const;
  await recordStep(sql, { ...step, state: 'waiting', detail: { waitingFor: 'a pass that is being created' } });
  await answer.getByText('It waits for this: a pass that is being created').waitFor();
  await recordStep(sql, { ...step, state: 'retrying', error: { code: 'x', message: 'It does not answer.' } });
  await answer.getByText('tried again by itself: It does not answer.').waitFor();
  await recordStep(sql, { ...step, state: 'running' });
  await answer.getByText('It is under way: the pass is looked for.').waitFor();
  await site.db.owner(
    `update operations set status = 'succeeded', outcome = 'pass-not-found', reason = 'Nobody has one.', ended_at = now() where operation_id = $1`,
    [id],
  );
  await answer.getByText('Nobody has one.').waitFor();
  await page.getByText('Ended: pass-not-found').waitFor();
  await page.getByText('appears here by itself').waitFor({ state: 'detached' });
  assert.equal(loads, 0, 'it was not loaded again');
  await context.close();
});

test('whoever wants to read in peace holds the page still', async () => {
  const context = await openWindow(browser, screen);
  const page = await context.newPage();
  await signIn(page);
  await page.goto(`${site.baseUrl}/ops/demo/operations/${await update()}`);
  await page.getByRole('button', { name: 'Stop following' }).click();
  await page.getByText('appears here by itself').waitFor({ state: 'detached' });
  await context.close();
});

test('without scripts the page of a request under way loads again, and no longer once it has ended', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page);
  const id = await update();
  await page.goto(`${site.baseUrl}/ops/demo/operations/${id}`);
  assert.ok(await page.getByRole('link', { name: 'Look again' }).isVisible());
  assert.equal(await page.getByRole('button', { name: 'Stop following' }).count(), 0);
  await site.db.owner(
    `update operations set status = 'succeeded', outcome = 'unchanged', ended_at = now() where operation_id = $1`,
    [id],
  );
  await page.getByText('Ended: unchanged').waitFor();
  assert.doesNotMatch(await page.content(), /http-equiv="refresh"|Look again/);
  await context.close();
});

test('what arrives from Klaviyo appears on its page while it is open', async () => {
  const context = await openWindow(browser, screen);
  const page = await context.newPage();
  await signIn(page);
  await site.db.owner(`delete from operations where origin = 'klaviyo'`);
  await page.goto(`${site.baseUrl}/ops/demo/klaviyo`);
  await page.getByText('Nothing has arrived from Klaviyo yet').waitFor();
  const push = (key: string) =>
    fetch(`${site.baseUrl}/api/demo/webhooks/listeners/klaviyo/passes/pushUpdate`, {
      method: 'POST',
      headers: { 'X-API-KEY': key, 'Content-Type': 'application/json' },
      body: '{"identifiers": {"email": ada}}',
    });
  await update();
  await page.getByText('It has arrived').waitFor();
  await push(site.demo.apiKeys.klaviyo);
  await page.getByText('email is a text without quotes').waitFor({ state: 'attached' });
  await context.close();
});
