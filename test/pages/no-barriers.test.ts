import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { revokeLinks } from '../../src/database/customers/links.js';
import { hashLinkToken } from '../../src/passes/link-token.js';
import { accept } from '../support/operations.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

// Every page there is, as the narrowest phone and as a computer show it, in light and in dark.

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

const LOOKS = [
  { width: 320, colorScheme: 'light' },
  { width: 320, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'dark' },
] as const;

/** What is wrong with the page that a window shows: barriers, sideways scrolling, controls whose focus cannot be seen. */
async function faultsOf(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const { width, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height: 720 });
    await page.emulateMedia({ colorScheme });
    const found = await findBarriers(page);
    const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
    if (wide > width) found.push(`${wide} px wide`);
    faults.push(...found.map((fault) => `${width} px, ${colorScheme}: ${fault}`));
  }
  const reachable = 'a[href], button, input:not([type=hidden]), select, summary, [tabindex="0"]';
  const wanted = await page.locator(reachable).count();
  await page.evaluate('document.activeElement?.blur?.()');
  const seen = new Set<string>();
  // Focus leaves the page once on the way round.
  for (let i = 0; i <= wanted + 1; i++) {
    await page.keyboard.press('Tab');
    const [name, style] = await page.evaluate<[string, string]>(
      `(() => { const e = document.activeElement; return [e.outerHTML.slice(0, 200), getComputedStyle(e).outlineStyle]; })()`,
    );
    if (name.startsWith('<body')) continue;
    seen.add(name);
    if (style === 'none') faults.push(`focus cannot be seen on ${name}`);
  }
  if (wanted > 0 && seen.size === 0) faults.push(`the keyboard reaches ${seen.size} of ${wanted} controls`);
  return faults;
}

test('pages for customers', async () => {
  const stranger = await site.token(await site.newCustomer());
  const [expired, revoked] = [await site.token(await site.newCustomer()), await site.token(await site.newCustomer())];
  await site.db.owner('update link_tokens set expires_at = now() where token_hash = $1', [hashLinkToken(expired)]);
  await revokeLinks(site.db.database.tenant('demo'), { tokenHash: hashLinkToken(revoked) });
  const pages: Record<string, { address: string; act?: (page: Page) => Promise<void>; agent?: string }> = {
    pass: {
      address: `${site.baseUrl}/p/${site.demo.pass.serialNumber}`,
      act: (page) => page.locator('summary').click(),
    },
    'pass on a computer': { address: `${site.baseUrl}/p/${site.demo.pass.serialNumber}`, agent: AGENTS.desktop },
    'preview of a pass': { address: `${site.baseUrl}/p/${site.demo.pass.serialNumber}`, agent: 'WhatsApp/2.24' },
    'unknown pass': { address: `${site.baseUrl}/p/unknown` },
    'unknown file': { address: `${site.baseUrl}/p/unknown/pass.pkpass` },
    enrolment: { address: site.link('mail', stranger) },
    'enrolment with faults': {
      address: site.link('mail', stranger),
      act: (page) => press(page, page.getByRole('button')),
    },
    'token missing': { address: `${site.baseUrl}/demo/mail`, act: (page) => page.locator('summary').click() },
    'token unrendered': { address: site.link('mail', '{{ x }}') },
    'token damaged': { address: site.link('mail', 'x') },
    'token unknown': { address: site.link('mail', 'U'.repeat(43)) },
    'token expired': { address: site.link('mail', expired) },
    'token revoked': { address: site.link('mail', revoked) },
    'no pass': { address: site.link('mail/confirm', stranger) },
    'session ended': { address: `${site.baseUrl}/demo/mail/pass` },
  };
  for (const [name, { address, act, agent }] of Object.entries(pages)) {
    const context = await openWindow(browser, { width: 390, height: 844, userAgent: agent ?? AGENTS.iphone });
    const page = await context.newPage();
    await page.goto(address);
    await act?.(page);
    assert.deepEqual(await faultsOf(page), [], name);
    await context.close();
  }
});

test('pages for operators', async () => {
  const input = { identifiers: [], passType: null, data: {}, updateMetadata: false };
  const id = await accept(site.db, { tenantId: 'demo' }, { kind: 'push-update', input });
  await site.db.owner(
    `update operations set status = 'failed', outcome = 'gave-up', ended_at = now(), pass_id = $2,
            customer_id = (select customer_id from passes where pass_id = $2) where operation_id = $1`,
    [id, site.demo.pass.passId],
  );
  const context = await openWindow(browser, { width: 1280, height: 900, userAgent: AGENTS.desktop });
  const page = await context.newPage();
  const ops = `${site.baseUrl}/ops/demo`;
  const find = async (term: string): Promise<void> => {
    await page.getByRole('searchbox').fill(term);
    await press(page, page.getByRole('button', { name: 'Find' }));
  };
  const signIn = async (key: string): Promise<void> => {
    await page.getByLabel('API key').fill(key);
    await press(page, page.getByRole('button', { name: 'Sign in' }));
  };
  const button = (name: string) => press(page, page.getByRole('button', { name }));
  const makeCampaign = async (): Promise<void> => {
    await page.getByLabel('Name').fill('Open until nine');
    await page.getByLabel('Message', { exact: true }).fill('Open until nine tonight');
    await button('Show the dry run');
    await site.db.owner(
      `with c as (update campaigns set state = 'ready' where name = 'Open until nine' returning campaign_id)
       insert into campaign_rows (tenant_id, campaign_id, row_number, state, pass_id, customer_id, due_at)
       select tenant_id, campaign_id, 7, 'waiting', pass_id, customer_id, now() from c, passes where pass_id = $1`,
      [site.demo.pass.passId],
    );
    // Nobody loads the page again: what it watches tells it.
    await page.getByText('Nothing has been sent').waitFor();
    await page.waitForLoadState();
    const sample = page.getByText('“Open until nine tonight”').first();
    assert.ok(await sample.isVisible(), 'it shows what a lock screen would say');
    const order = page.locator('section', { has: page.getByRole('heading', { name: 'What it does' }) });
    assert.match(
      (await order.innerText()).replaceAll(/\s+/g, ' '),
      /What Send a message Message Open until nine tonight Class marketing Who Passes Pass type all .*Installed on any wallet When as soon as/,
    );
  };
  const pauseCampaign = async (): Promise<void> => {
    await button('Start');
    await site.db.owner(
      `insert into campaign_rows (tenant_id, campaign_id, row_number, state, outcome, reason)
       select tenant_id, campaign_id, 1, 'done', 'message-held-back', 'Nobody agreed to push.' from campaigns where name = 'Open until nine'`,
    );
    await page.getByText('Nobody agreed to push.').waitFor();
    await button('Pause');
    assert.ok(await page.getByRole('button', { name: 'Resume' }).isVisible(), 'what is paused can go on');
    const [row] = await site.db.owner<{ state: string }>(`select state from campaigns where name = 'Open until nine'`);
    assert.equal(row?.state, 'paused');
  };
  const makeEmpty = async (): Promise<void> => {
    await page.goto(`${ops}/campaigns`);
    await page.getByLabel('Name').fill('For nobody');
    await page.getByLabel('Message', { exact: true }).fill('Nobody reads this');
    await button('Show the dry run');
    await site.db.owner(`update campaigns set state = 'ready' where name = 'For nobody'`);
    await page.getByText(/No pass fits.*“Installed on” at “anything or nothing”/).waitFor();
  };
  const fillOffer = async (): Promise<void> => {
    await page.goto(`${ops}/campaigns`);
    assert.ok(!(await page.getByLabel('Id of the segment').isVisible()), 'only what belongs to the choice is seen');
    await page.getByLabel('Name').fill('Double points from a file');
    await page.getByLabel('A CSV file').check();
    await page.getByLabel('Lay an offer over it').check();
    await page.getByLabel('Field 1').fill('points');
    await page.getByLabel('Value 1', { exact: true }).fill('200');
    await button('Show the dry run');
    assert.match(await page.getByRole('alert').innerText(), /“Until, or for” is empty/);
    assert.ok(await page.locator('#campaign-until-fault').isVisible(), 'it is said beside the field, too');
    assert.deepEqual(await site.db.owner(`select from campaigns where name = 'Double points from a file'`), []);
  };
  const sendFile = async (text: string, encoding: BufferEncoding): Promise<void> => {
    const file = { name: 'guests.csv', mimeType: 'text/csv', buffer: Buffer.from(text, encoding) };
    await page.locator('input[type=file]').setInputFiles(file);
    await button('Upload, and show the dry run');
  };
  const refusedFile = async (): Promise<void> => {
    await page.getByLabel('Until, or for').fill('14 days');
    await button('Show the dry run');
    await sendFile('email\nj\xf6rg@example.com\n', 'latin1');
    assert.match(await page.locator('#campaign-file-fault').innerText(), /not UTF-8.*Save it as/s);
  };
  const takenFile = async (): Promise<void> => {
    await sendFile('email\nsarah.mason@example.com\nnobody\n', 'utf8');
    await page.getByText('The audience is being read: 2 rows').waitFor();
    const [row] = await site.db.owner<{ state: string; action: object }>(
      `select state, definition -> 'action' as action from campaigns where name = 'Double points from a file'`,
    );
    assert.deepEqual(row, {
      state: 'preparing',
      action: { type: 'offer', offer: { until: '14 days', fields: { points: 200 } } },
    });
    const link = page.getByRole('link', { name: 'What became of each row' });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const text = await readFile((await download.path())!, 'utf8');
    assert.match(text, /^row,line,[^]*\r\n1,2,,read,[^]*\r\n2,3,,refused,/);
  };
  const steps: [name: string, go: () => Promise<unknown>][] = [
    ['door', () => page.goto(ops)],
    ['wrong key', () => signIn('wrong')],
    ['home', () => signIn(site.demo.apiKeys.admin)],
    ['nobody found', () => find('nobody@example.com')],
    ['customer', () => find('sarah.mason@example.com')],
    ['request', () => find(id)],
    ['campaigns', () => page.goto(`${ops}/campaigns`)],
    ['dry run of a campaign', () => makeCampaign()],
    ['paused campaign', () => pauseCampaign()],
    ['campaign for nobody', () => makeEmpty()],
    ['form that was not taken', () => fillOffer()],
    ['file that was not taken', () => refusedFile()],
    ['campaign with its file', () => takenFile()],
    ['unknown request', () => page.goto(`${ops}/operations/00000000-0000-4000-8000-000000000000`)],
  ];
  for (const [name, go] of steps) {
    await page.setViewportSize({ width: 1280, height: 900 });
    await go();
    assert.deepEqual(await faultsOf(page), [], name);
  }
  assert.ok(await page.getByText('No such request').isVisible(), 'operators are told what happened');
  await context.close();
});
