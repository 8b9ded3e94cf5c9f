import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { readBundle } from './read-bundle.js';
import { detectDevice, isUnattended } from '../../src/api/links/detect-device.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press, type Screen } from './browser.js';
import { startTestApi } from '../support/api.js';
import { startSite, type Site } from './site.js';

let site: Site;
let browser: Browser;
let address: string;
before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  address = `${site.baseUrl}/p/${site.demo.pass.serialNumber}`;
});
after(async () => {
  await browser?.close();
  await site?.close();
});

const IPHONE = { 'User-Agent': AGENTS.iphone, Accept: 'text/html', 'Accept-Language': 'en' };
const ANDROID = { ...IPHONE, 'User-Agent': AGENTS.android };

async function look(screen: Partial<Screen>, use: (page: Page, html: string) => Promise<void>, at = address) {
  const context = await openWindow(browser, { width: 390, height: 844, userAgent: AGENTS.iphone, ...screen });
  try {
    const page = await context.newPage();
    const refused: string[] = [];
    page.on('console', (message) => void (message.type() === 'error' && refused.push(message.text())));
    const response = await page.goto(at);
    await use(page, (await response?.text()) ?? '');
    assert.deepEqual(
      refused.filter((text) => /Content Security Policy/i.test(text)),
      [],
    );
  } finally {
    await context.close();
  }
}
const links = async (page: Page): Promise<string[]> =>
  (await page.getByRole('link', { name: /^Add to/ }).allTextContents()).map((text) => text.trim());

test('each device is offered its own wallet, and a computer both with a code to scan', async () => {
  const agents: [agent: string, expected: string[]][] = [
    [AGENTS.iphone, ['Add to Apple Wallet']],
    [AGENTS.android, ['Add to Google Wallet']],
    [AGENTS.desktop, ['Add to Apple Wallet', 'Add to Google Wallet']],
  ];
  for (const [userAgent, expected] of agents) {
    await look({ userAgent, width: userAgent === AGENTS.desktop ? 1280 : 390 }, async (page) => {
      assert.deepEqual(await links(page), expected);
      const code = page.getByRole('img', { name: 'QR code with the address of this page' });
      assert.equal(await code.count(), userAgent === AGENTS.desktop ? 1 : 0);
    });
  }
});

test('real user agents are told apart', () => {
  const agents: Record<string, string[]> = {
    apple: [
      'Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E219 Instagram 330.0.4.23.91 (iPhone15,2; iOS 17_4; en_US)',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21E219 [FBAN/FBIOS;FBAV/459.0.0;FBBV/588]',
    ],
    android: [
      'Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
      'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0',
      'Mozilla/5.0 (Linux; Android 11; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36',
      'Mozilla/5.0 (Linux; Android 12; Pixel 6 Build/SD1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/94.0 Mobile Safari/537.36 GSA/14',
    ],
    other: [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0',
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36',
      'curl/8.5.0',
      'Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0; ARM; Trident/7.0; Touch; rv:11.0; IEMobile/11.0; NOKIA; Lumia 520) like iPhone OS 7_0_3 Mac OS X AppleWebKit/537 (KHTML, like Gecko) Mobile Safari/537',
      '',
    ],
  };
  for (const [device, list] of Object.entries(agents)) {
    for (const userAgent of list) {
      assert.equal(detectDevice(userAgent), device, userAgent);
      assert.equal(isUnattended({ userAgent, purpose: '' }), false, userAgent);
    }
  }
  const previews = [
    'facebookexternalhit/1.1 Facebot Twitterbot/1.0',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
    'TelegramBot (like TwitterBot)',
    'WhatsApp/2.24.11.79 A',
    'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5',
    'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)',
    'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0',
    'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/103.0.5060.134 Safari/537.36 BingPreview/1.0b',
    'Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)',
    'Mozilla/4.0 (compatible; ms-office; MSOffice 16)',
    'Mozilla/5.0 (compatible; proofpoint)',
    'Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots',
    'Viber/13.3.0.1 (Linux; preview)',
  ];
  for (const userAgent of previews) assert.equal(isUnattended({ userAgent, purpose: '' }), true, userAgent);
});

test('the page is the pass: colours, texts, images, barcode, in the reader’s language', async () => {
  await look({ locale: 'de-DE' }, async (page, html) => {
    for (const text of ['Sarah Mason', '120', 'BOHNEN', 'DEIN ANGEBOT'])
      assert.ok(await page.getByText(text).first().isVisible(), text);
    assert.match((await page.locator('html').getAttribute('lang')) ?? '', /^de/);
    const colour = await page.evaluate(`getComputedStyle(document.querySelector('.card')).backgroundColor`);
    assert.equal(colour, 'rgb(66, 77, 84)', 'of the silver tier');
    const broken = await page.evaluate(`[...document.images].filter((image) => image.naturalWidth === 0).length`);
    assert.equal(broken, 0);
    await page.getByText('Einzelheiten').click();
    assert.ok(await page.getByText('18.03.2024').isVisible());
    assert.ok(Buffer.byteLength(html) <= 60 * 1024);
    assert.ok(!html.includes('<script') && !html.includes('style='));
  });
});

test('no barriers on any screen, in light and dark, and nothing to scroll sideways at 320 px', async () => {
  const screens: Partial<Screen>[] = [
    { width: 320, height: 568 },
    { width: 320, height: 568, dark: true, userAgent: AGENTS.desktop },
    { width: 412, height: 915, dark: true, userAgent: AGENTS.android },
    { width: 1280, height: 860, userAgent: AGENTS.desktop },
  ];
  for (const screen of screens) {
    await look(screen, async (page) => {
      assert.deepEqual(await findBarriers(page), []);
      const measure = '[document.documentElement.scrollWidth, innerWidth]';
      const [inner, outer] = await page.evaluate<[number, number]>(measure);
      assert.ok(inner <= outer, `${inner} px wide`);
    });
  }
});

test('the keyboard reaches the wallet and the details', async () => {
  await look({}, async (page) => {
    await page.keyboard.press('Tab');
    assert.match(await page.evaluate<string>('document.activeElement.textContent'), /Add to Apple Wallet/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.ok(await page.getByText('Terms').isVisible());
  });
});

test('a pass that is void, expired or changing says so, and is offered only while it is valid', async () => {
  const { passId } = site.demo.pass;
  for (const [state, text] of [
    ['voided', 'no longer valid'],
    ['expired', 'has expired'],
    ['deleted', 'no longer exists'],
  ] as const) {
    await site.db.owner('update passes set state = $2 where pass_id = $1', [passId, state]);
    await look({}, async (page) => {
      assert.ok(await page.getByText(text).isVisible());
      assert.deepEqual(await links(page), []);
      assert.deepEqual(await findBarriers(page), []);
    });
  }
  await site.db.owner(`update passes set state = 'active' where pass_id = $1`, [passId]);
  const operationId = randomUUID();
  await site.db.owner(
    `insert into operations (operation_id, tenant_id, kind, input, status, pass_id) values ($1, 'demo', 'push-update', '{}', 'running', $2)`,
    [operationId, passId],
  );
  await look({}, async (page) => {
    assert.ok(await page.getByText('is being updated').isVisible());
    await site.db.owner('delete from operations where operation_id = $1', [operationId]);
    await press(page, page.getByRole('link', { name: 'Look again' }));
    assert.equal(await page.getByText('is being updated').count(), 0);
  });
});

test('several passes come as one bundle; one unknown number among them shows nothing', async () => {
  const [copy] = await site.db.owner<{ serial_number: string }>(
    `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version,
                         apple_pass_type_identifier, data, visuals)
     select gen_random_uuid(), tenant_id, customer_id, 'second-' || serial_number, pass_type_id, pass_type_version,
            apple_pass_type_identifier, data, visuals from passes where pass_id = $1 returning serial_number`,
    [site.demo.pass.passId],
  );
  const both = `${address},${copy!.serial_number}`;
  await look(
    {},
    async (page) => {
      assert.equal(await page.getByRole('article').count(), 2);
      assert.deepEqual(await findBarriers(page), []);
      const all = page.getByRole('link', { name: 'Add all to Apple Wallet' });
      const response = await page.request.get(new URL((await all.getAttribute('href'))!, site.baseUrl).href);
      assert.equal(response.headers()['content-type'], 'application/vnd.apple.pkpasses');
      const passes = readBundle(await response.body());
      assert.equal(passes.length, 2);
      const phone = site.phone();
      for (const pass of passes) assert.ok((await phone.install(pass)).registered);
    },
    both,
  );
  await site.db.owner(`update passes set external_id = '1001' where pass_id = $1`, [site.demo.pass.passId]);
  const guesses = [
    `${address},unknown`,
    ...['unknown', '1001', 'C-1001', 'x'.repeat(4000)].map((id) => `${site.baseUrl}/p/${id}`),
  ];
  for (const guess of [...guesses, `${site.baseUrl}/p/1001/pass.pkpass`, `${site.baseUrl}/p/1001/google`]) {
    const response = await fetch(guess, { headers: { Accept: 'text/html,*/*;q=0.8' } });
    assert.equal(response.status, 404, guess);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/, guess);
    if (/pkpass$|google$/.test(guess)) continue;
    const html = await response.text();
    assert.ok(html.includes('P-01') && !html.includes('Sarah') && !html.includes('Kestrel'));
  }
});

test('trouble of the operator costs no customer: no button leads nowhere, and words say that it will pass', async () => {
  const secrets = () => site.db.owner(`update tenant_secrets set key_id = 'lost-' || key_id`);
  const dates = (until: string) => site.db.owner('update apple_certificates set not_after = $1', [until]);
  const present = await site.db.owner<{ not_after: Date }>('select not_after from apple_certificates limit 1');
  const unavailable = 'Adding the card is not available for the moment.';
  // What was read once is remembered for a minute: another process shows the change at once.
  const startProcess = () => startTestApi({ database: site.db.database });
  const [first, fresh] = [await startProcess(), await startProcess()];
  try {
    await dates('2020-01-01');
    const over = await fetch(`${first.baseUrl}/p/${site.demo.pass.serialNumber}`, { headers: IPHONE });
    const page = await over.text();
    assert.ok(page.includes(unavailable) && !page.includes('pass.pkpass'), 'certificate over');
    await secrets();
    const locked = await fetch(`${fresh.baseUrl}/p/${site.demo.pass.serialNumber}`, { headers: ANDROID });
    const android = await locked.text();
    assert.ok(android.includes(unavailable) && !android.includes('/google"'), 'secret unreadable');
    const opened = await fetch(`${fresh.baseUrl}/p/${site.demo.pass.serialNumber}/pass.pkpass`, { headers: IPHONE });
    assert.match(await opened.text(), /Not available for the moment[^]*try again tomorrow/);
  } finally {
    await site.db.owner(`update tenant_secrets set key_id = substr(key_id, 6)`);
    await dates(present[0]!.not_after.toISOString());
    await first.close();
    await fresh.close();
  }
});
