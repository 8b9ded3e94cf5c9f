import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { revokeLinks } from '../../src/database/customers/links.js';
import { hashLinkToken } from '../../src/passes/link-token.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';
import { rowsOf } from '../support/rows.js';

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

/** A page in a window of its own, as a phone has it. */
async function onPhone(use: (page: Page) => Promise<void>, agent: string = AGENTS.iphone): Promise<void> {
  const context = await openWindow(browser, { width: 390, height: 844, userAgent: agent });
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
  }
}

test('enrol, see the pass, download it, install it on a phone', async () => {
  const customerId = await site.newCustomer();
  await site.db.owner(`update customers set properties = '{"loyalty_tier":"gold"}' where customer_id = $1`, [
    customerId,
  ]);
  const token = await site.token(customerId);
  await onPhone(async (page) => {
    const seen: string[] = [];
    page.on('request', (request) => void seen.push(request.url()));
    await page.goto(site.link('mail', token));
    assert.equal(new URL(page.url()).pathname, '/demo/mail/enrol');
    assert.equal(page.url().includes('?'), false, 'the token is gone from the address');
    assert.deepEqual(await findBarriers(page), []);
    assert.deepEqual(await page.locator('input[type=checkbox]:checked').count(), 0, 'nothing is ticked beforehand');
    assert.equal(
      await page.locator('input:not([type=hidden]):not([type=checkbox])').count(),
      1,
      'only what is missing',
    );

    await press(page, page.getByRole('button', { name: 'Get my card' }));
    assert.ok(await page.getByText('Please fill this in.').isVisible());
    assert.deepEqual(await findBarriers(page), []);
    await page.getByLabel('Member').fill('Ada <b>Lovelace');
    await page.getByLabel('Write to me about new roasts').check();
    await press(page, page.getByRole('button', { name: 'Get my card' }));

    assert.match(new URL(page.url()).pathname, /^\/p\//);
    assert.ok(await page.getByText('Ada <b>Lovelace', { exact: true }).isVisible());
    const button = page.getByRole('link', { name: 'Add to Apple Wallet' });
    const address = new URL((await button.getAttribute('href'))!, site.baseUrl).href;
    const download = await page.request.get(address);
    assert.equal(download.headers()['content-type'], 'application/vnd.apple.pkpass');
    const phone = site.phone();
    const installed = await phone.install(await download.body());
    assert.ok(installed.registered);
    assert.deepEqual(phone.complaints, []);
    await page.reload();
    assert.ok(await page.getByText('already in a wallet').isVisible());
    assert.equal(seen.filter((url) => url.includes(token)).length, 1, 'the token travelled once');

    await page.goto(site.link('mail', token));
    assert.match(new URL(page.url()).pathname, /^\/p\//, 'who has the pass is led to it');
  });
  const given = await site.db.owner<{ channel: string; text_version: string; method: string }>(
    'select channel, text_version, method from consents where customer_id = $1',
    [customerId],
  );
  assert.deepEqual(given, [{ channel: 'email', text_version: '2026-01', method: 'enrolment-page' }]);
  const [card] = await rowsOf(site.db).passes({ customerId }, 'visuals');
  assert.equal(card!.visuals['background'], 'rgb(102, 76, 30)', 'what is known of the person has its colours');
  const operations = await rowsOf(site.db).operations({ customerId }, 'kind');
  assert.ok(operations.some((row) => row['kind'] === 'issue-pass'));
  assert.ok(!site.logged().includes(token), 'and never in a log');
});

test('confirm leads to the passes of that person', async () => {
  const { customer_id: sarah } = await rowsOf(site.db).passBySerial(site.demo.pass.serialNumber, 'customer_id');
  const token = await site.token(sarah);
  await onPhone(async (page) => {
    await page.goto(site.link('mail/confirm', token));
    assert.equal(page.url(), `${site.baseUrl}/p/${site.demo.pass.serialNumber}`);
    assert.ok(await page.getByText('Sarah Mason').isVisible());
  });
});

test('every mistake has a page of its own, with a code that the log and the diagnosis explain', async () => {
  const customerId = await site.newCustomer({ firstName: 'Ben' });
  const tokens = { live: await site.token(customerId), expired: '', revoked: '' };
  tokens.expired = await site.token(await site.newCustomer());
  tokens.revoked = await site.token(await site.newCustomer());
  await site.db.owner('update link_tokens set expires_at = now() where token_hash = $1', [
    hashLinkToken(tokens.expired),
  ]);
  await revokeLinks(site.db.database.tenant('demo'), { tokenHash: hashLinkToken(tokens.revoked) });
  const tag = "{{ person|lookup:'neostore.authenticationToken' }}";
  const mistakes: [address: string, token: string, code: string, status: number, heading: string][] = [
    [`${site.baseUrl}/demo/mail`, '', 'L-01', 400, 'This link is not complete'],
    [site.link('mail', tag), tag, 'L-02', 400, 'This link was not made for anybody'],
    [
      `${site.baseUrl}/demo/mail?neo.authToken=%257B%257B%2520person%2520%257D%257D`,
      '%7B%7B person %7D%7D',
      'L-02',
      400,
      'This link was not made for anybody',
    ],
    [
      `${site.baseUrl}/demo/mail?neo.authToken=None&utm_source=klaviyo`,
      'None',
      'L-01',
      400,
      'This link is not complete',
    ],
    [site.link('mail', tokens.live.slice(0, 20)), tokens.live.slice(0, 20), 'L-03', 400, 'This link is damaged'],
    [site.link('mail', 'A'.repeat(43)), 'A'.repeat(43), 'L-04', 404, 'We do not know this link'],
    [site.link('mail', tokens.expired), tokens.expired, 'L-05', 410, 'This link has expired'],
    [site.link('mail', tokens.revoked), tokens.revoked, 'L-06', 410, 'This link was switched off'],
    [site.link('mail/confirm', tokens.live), tokens.live, 'L-07', 404, 'There is no card for you yet'],
    [`${site.baseUrl}/demo/mail/enrol`, '', 'L-08', 401, 'Please open your link again'],
  ];
  for (const [address, token, code, status, heading] of mistakes) {
    await onPhone(async (page) => {
      const response = await page.goto(address);
      assert.equal(response?.status(), status, code);
      assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), heading);
      assert.ok((await page.getByRole('main').textContent())!.includes(code));
      assert.deepEqual(await findBarriers(page), [], code);
      const way = await page.getByRole('link', { name: 'Get my card' }).count();
      assert.equal(way, code === 'L-07' ? 1 : 0, 'who is known, but has no card, can get one');
      assert.equal(response?.headers()['referrer-policy'], 'no-referrer');
      assert.equal(response?.headers()['cache-control'], 'no-store');
      assert.match(response?.headers()['x-robots-tag'] ?? '', /noindex/);
      assert.match(response?.headers()['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'none'/);
    });
    assert.ok(site.logged().includes(`"code":"${code}"`), `${code} stands in the log`);
    if (code === 'L-08') continue;
    const diagnosis = await fetch(`${site.baseUrl}/api/demo/links/diagnose`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${site.demo.apiKeys.operations}` },
      body: JSON.stringify({ token }),
    });
    const said = (await diagnosis.json()) as { code: string; cure: string; profile: { email: string } | null };
    assert.equal(said.code, code);
    assert.ok(said.cure.length > 20);
    if (said.profile) assert.match(said.profile.email, /^.•••@example\.com$/, 'masked without Customer.Read');
  }
  const text = site.logged();
  assert.ok(!text.includes(tokens.live) && !text.includes(tokens.expired) && !text.includes(tokens.revoked));
});

test('the diagnosis tells whether a token sits on another profile', async () => {
  const token = await site.token(await site.newCustomer({ email: 'fay@example.com' }));
  const diagnose = async (profile: string) => {
    const response = await fetch(`${site.baseUrl}/api/demo/links/diagnose`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${site.demo.apiKeys.operations}` },
      body: JSON.stringify({ token, profile }),
    });
    return (await response.json()) as { code: string; cure: string };
  };
  assert.equal((await diagnose(' FAY@Example.com ')).code, 'L-07', 'hers, and she has no pass yet');
  const other = await diagnose('sarah.mason@example.com');
  assert.equal(other.code, 'L-09');
  assert.match(other.cure, /links backfill/);
});

test('unknown and foreign tokens get the same answer', async () => {
  await site.db.owner(
    `insert into tenants (tenant_id, account_id, name) values ('elsewhere', 'aid_0xe15e', 'Elsewhere')`,
  );
  const token = await site.token(await site.newCustomer());
  const answer = async (value: string) => {
    const response = await fetch(`${site.baseUrl}/elsewhere/mail?neo.authToken=${value}`);
    const headers = [...response.headers].filter(([name]) => !['date', 'x-correlation-id'].includes(name));
    return { status: response.status, headers, text: await response.text() };
  };
  const unknown = await answer('B'.repeat(43));
  assert.deepEqual(await answer(token), unknown);
  for (const nowhere of ['no-such-tenant', 'DEMO']) {
    const response = await fetch(`${site.baseUrl}/${nowhere}/mail?neo.authToken=${token}`);
    assert.deepEqual([response.status, await response.text()], [unknown.status, unknown.text], nowhere);
  }
});

test('previews and scanners exchange nothing, issue nothing and see nobody', async () => {
  const customerId = await site.newCustomer({ firstName: 'Cleo' });
  const token = await site.token(customerId);
  const previews: RequestInit[] = [
    { headers: { 'User-Agent': 'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)' } },
    { headers: { 'User-Agent': 'WhatsApp/2.23.20.0' } },
    { headers: { 'User-Agent': AGENTS.desktop, 'Sec-Purpose': 'prefetch;prerender' } },
    { headers: { 'User-Agent': AGENTS.iphone, 'X-Moz': 'prefetch' } },
    { method: 'HEAD', headers: { 'User-Agent': AGENTS.desktop } },
  ];
  for (const init of previews) {
    for (const address of [site.link('mail', token), `${site.baseUrl}/p/${site.demo.pass.serialNumber}`]) {
      const response = await fetch(address, { redirect: 'manual', ...init });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('set-cookie'), null);
      const text = await response.text();
      assert.ok(!text.includes('Cleo') && !text.includes('Sarah') && !text.includes('pkpass'));
    }
  }
  const [row] = await site.db.owner<{ last_used_at: Date | null; passes: string }>(
    `select last_used_at, (select count(*) from passes where customer_id = $1) as passes from link_tokens where customer_id = $1`,
    [customerId],
  );
  assert.deepEqual(row, { last_used_at: null, passes: '0' });
});

test('an exchange leaves no trace of the token: clean address, no referrer, nothing stored', async () => {
  const token = await site.token(await site.newCustomer());
  const arrived = await fetch(site.link('mail', token).replace('?', '?utm_source=klaviyo&amp;'), {
    redirect: 'manual',
  });
  assert.equal(arrived.status, 303);
  assert.equal(arrived.headers.get('location'), '/demo/mail/enrol');
  assert.equal(arrived.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(arrived.headers.get('cache-control'), 'no-store');
  assert.match(arrived.headers.get('x-robots-tag') ?? '', /noindex/);
  assert.ok(!decodeURIComponent(arrived.headers.get('set-cookie')!).includes(token));
  const kept = await site.db.owner('select 1 from link_tokens t where row_to_json(t)::text like $1', [`%${token}%`]);
  assert.equal(kept.length, 0, 'a hash alone');
});

test('a form without the token of its session, or from another site, changes nothing', async () => {
  const customerId = await site.newCustomer({ firstName: 'Dora' });
  const arrived = await fetch(site.link('mail', await site.token(customerId)), { redirect: 'manual' });
  const setCookie = arrived.headers.get('set-cookie')!;
  assert.match(setCookie, /HttpOnly/);
  assert.match(setCookie, /SameSite=Lax/);
  const cookie = setCookie.split(';')[0]!;
  const form = await (await fetch(`${site.baseUrl}/demo/mail/enrol`, { headers: { cookie } })).text();
  const csrf = /name="csrf" value="([^"]+)"/.exec(form)![1]!;
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${site.baseUrl}/demo/mail/enrol`, {
      method: 'POST',
      headers: { cookie, ...headers },
      body: new URLSearchParams(fields),
      redirect: 'manual',
    });
  assert.equal((await post({})).status, 409);
  assert.equal((await post({ csrf: csrf.replace(/.$/, (char) => (char === 'A' ? 'B' : 'A')) })).status, 409);
  assert.equal((await post({ csrf }, { 'Sec-Fetch-Site': 'cross-site' })).status, 409);
  const count = async () => (await site.db.owner('select 1 from passes where customer_id = $1', [customerId])).length;
  assert.equal(await count(), 0);
  assert.equal((await post({ csrf })).status, 303);
  assert.equal(await count(), 1);
  await post({ csrf });
  assert.equal(await count(), 1, 'a second click makes no second pass');
});

test('guessing is throttled by token, and a page says so', async () => {
  const guess = `${site.baseUrl}/demo/mail?neo.authToken=${'G'.repeat(43)}`;
  const answers: Response[] = [];
  for (let i = 0; i < 40; i++) answers.push(await fetch(guess));
  const last = answers.at(-1)!;
  assert.equal(last.status, 429);
  assert.ok(Number(last.headers.get('retry-after')) > 0);
  assert.match(last.headers.get('content-type') ?? '', /^text\/html/);
  assert.ok((await last.text()).includes('too many tries'));
});
