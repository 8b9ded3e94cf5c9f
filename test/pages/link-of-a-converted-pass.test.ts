import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { startEngine } from '../support/engine.js';
import { accept, ended } from '../support/operations.js';
import { rowsOf } from '../support/rows.js';
import { AGENTS, launchBrowser, openWindow } from './browser.js';
import { startSite, type Site } from './site.js';

let site: Site;
let browser: Browser;
before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  const engine = await startEngine(site.db);
  const identifiers = [{ kind: 'email', value: 'sarah.mason@example.com' }];
  const input = { identifiers, passType: 'premium', data: { tier: 'gold' }, updateMetadata: false };
  const id = await accept(site.db, { tenantId: 'demo' }, { kind: 'push-update', input });
  assert.equal((await ended(site.db, 'demo', id)).outcome, 'converted');
  await engine.stop();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test('whoever was moved to another pass type is led to that pass, and not offered the first one again', async () => {
  const sarah = await rowsOf(site.db).customerByEmail('sarah.mason@example.com', 'customer_id');
  const token = await site.token(sarah.customer_id);
  const context = await openWindow(browser, { width: 360, height: 640, userAgent: AGENTS.iphone });
  const page = await context.newPage();
  await page.goto(site.link('mail', token));
  assert.equal(new URL(page.url()).pathname, `/p/${site.demo.pass.serialNumber}`);

  await site.db.owner(`update passes set state = 'voided' where serial_number = $1`, [site.demo.pass.serialNumber]);
  await page.goto(site.link('mail', token));
  assert.equal(new URL(page.url()).pathname, '/demo/mail/enrol', 'a card that is void is no card');
  await context.close();
});
