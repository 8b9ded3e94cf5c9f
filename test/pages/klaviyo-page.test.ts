import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { FLOW_ACTIONS } from '../../src/klaviyo/flow-snippets.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

let site: Site;
let browser: Browser;
let page: Page;

before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  const context = await openWindow(browser, { width: 1280, height: 900, userAgent: AGENTS.desktop });
  page = await context.newPage();
  await page.goto(`${site.baseUrl}/ops/demo`);
  await page.getByLabel('API key').fill(site.demo.apiKeys.admin);
  await press(page, page.getByRole('button', { name: 'Sign in' }));
});
after(async () => {
  await browser?.close();
  await site?.close();
});

const ops = (path = ''): string => `${site.baseUrl}/ops/demo${path}`;

test('somebody who builds flows finds snippets, field names and her deliveries, and sends a test that arrives', async () => {
  const [own, elsewhere] = [
    '/ops/demo/klaviyo',
    ['https://evil.example/', '//evil.example', '/ops/other/klaviyo', '/ops/demo/../x', ''],
  ];
  assert.match(await (await fetch(site.baseUrl + own)).text(), /name="to" value="\/ops\/demo\/klaviyo"/);
  const leadsTo = async (to: string) => {
    const body = new URLSearchParams({ key: site.demo.apiKeys.admin, to });
    const answer = await fetch(`${site.baseUrl}/ops/demo/sign-in`, { method: 'POST', redirect: 'manual', body });
    return answer.headers.get('location');
  };
  assert.equal(await leadsTo(own), own, 'to the page that was asked for');
  for (const to of elsewhere) assert.equal(await leadsTo(to), '/ops/demo', to);
  await page.goto(ops());
  await press(page, page.getByRole('link', { name: 'Klaviyo' }));
  for (const summary of await page.locator('summary').all()) await summary.click();
  const text = await page.locator('main').innerText();
  for (const { heading } of Object.values(FLOW_ACTIONS)) assert.ok(text.includes(heading), heading);
  for (const part of [
    '"until": "14 days"',
    '/v1/passes',
    '/api/demo/webhooks/listeners/klaviyo/passes/pushUpdate',
    'X-API-KEY',
    '<your key for flows>',
    'aid_0xdec0ffee',
    '/api/demo/webhooks/listeners/klaviyo/profiles/sync',
    'known: bronze, gold, silver, platinum; a new card has bronze',
    'yes, but a new card may come without',
    'Marked: examples. Replace each by what is yours',
    '"additionalData"',
    "{{ person|lookup:'wallet_pass_url' }}",
    'points',
  ]) {
    assert.ok(text.includes(part), part);
  }
  assert.match(text, /Refused deliveries\s+None of the last 30 days/);
  const push = (key: string) =>
    fetch(`${site.baseUrl}/api/demo/webhooks/listeners/klaviyo/passes/pushUpdate`, {
      method: 'POST',
      headers: { 'X-API-KEY': key, 'Content-Type': 'application/json' },
      body: '{"identifiers": {"email": ada}}',
    });
  await push(site.demo.apiKeys.klaviyo);
  await push('pr_live_mistyped');
  await page.reload();
  for (const summary of await page.locator('#refused summary').all()) await summary.click();
  const refused = await page.locator('#refused').innerText();
  assert.match(refused, /1 reason, met once/);
  assert.match(refused, /Line 1, column 27: email is a text without quotes[^]*Klaviyo does not send these again/);
  await page.locator('summary', { hasText: 'Issue the pass' }).first().click();
  const marked = await page.locator('mark').allInnerTexts();
  assert.ok(marked.includes("'loyalty_points'") && marked.includes('<your key for flows>'), marked.join(' '));
  const bodyOfIssue = page
    .locator('details', { hasText: 'Issue the pass' })
    .first()
    .locator('.copy', { hasText: '"passTemplate"' });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await bodyOfIssue.getByRole('button', { name: 'Copy body' }).click();
  await page.waitForFunction(`navigator.clipboard.readText().then((text) => text.includes('passTemplate'))`);
  const copied = JSON.parse(await page.evaluate<string>('navigator.clipboard.readText()')) as object;
  assert.deepEqual(Object.keys(copied), ['passTemplate', 'pass', 'recipient'], 'as it is pasted');
  assert.match(refused, /Without a valid key[^]*The API key or token is not known/);
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 });
    assert.deepEqual(await findBarriers(page), [], `${width} px`);
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width, `${width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await press(page, page.getByRole('button', { name: 'Send a test event for basic' }));
  const [made] = await site.db.owner<{ test: boolean; kind: string; pass_test: boolean }>(
    `select o.test, o.kind, p.test as pass_test from operations o join passes p using (pass_id) where o.operation_id = $1`,
    [page.url().split('/').at(-1)],
  );
  assert.deepEqual(made, { test: true, kind: 'issue-pass', pass_test: true });
  await press(page, page.getByRole('link', { name: 'Klaviyo' }));
  const deliveries = page.getByRole('region', { name: 'Last deliveries' });
  assert.match(await deliveries.innerText(), /Issue a pass[^]*test/);
  const issue = (flow: Record<string, string>) =>
    fetch(`${site.baseUrl}/v1/passes`, {
      method: 'POST',
      headers: { 'X-API-KEY': site.demo.apiKeys.admin, 'X-ACCOUNT-ID': 'aid_0xdec0ffee', ...flow },
      body: JSON.stringify({
        passTemplate: 'basic',
        pass: { 'member-name': 'Ada' },
        recipient: { email: 'flowless@example.com' },
      }),
    });
  for (const flow of [{}, {}, { 'X-Klaviyo-Flow-ID': 'FlowOne' }]) {
    const answer = await issue(flow);
    assert.ok([200, 201].includes(answer.status), await answer.text());
  }
  await page.reload();
  const [third, second, first] = await deliveries.locator('tbody tr').allInnerTexts();
  assert.match(third!, /Change a pass[^]*flow FlowOne/);
  assert.match(second!, /Change a pass[^]*without a flow/, 'who had the pass has it updated');
  assert.match(first!, /Issue a pass[^]*without a flow/);
  await press(page, page.getByRole('button', { name: 'Send a test event for basic' }));
  const count = await site.db.owner<{ n: number }>('select count(*)::int as n from passes where test');
  assert.equal(count[0]!.n, 1, 'the second test changes the same pass');
});
