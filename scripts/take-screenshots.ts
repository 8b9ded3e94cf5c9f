import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { accept, ended } from '../test/support/operations.js';
import { startEngine } from '../test/support/engine.js';
import { AGENTS, launchBrowser, openWindow, press, type Screen } from '../test/pages/browser.js';
import { startSite } from '../test/pages/site.js';

// Takes the pictures under docs/screens/ anew: needs TEST_TEMPORAL_ADDRESS and a Chromium.
const folder = fileURLToPath(new URL('../docs/screens/', import.meta.url));
mkdirSync(folder, { recursive: true });
const iphone: Screen = { width: 390, height: 844, userAgent: AGENTS.iphone, scale: 2 };
const android: Screen = { width: 412, height: 915, userAgent: AGENTS.android, scale: 2, dark: true };
const desktop: Screen = { width: 1280, height: 800, userAgent: AGENTS.desktop };

const site = await startSite();
const browser = await launchBrowser();
try {
  const pass = `${site.baseUrl}/p/${site.demo.pass.serialNumber}`;
  const phone = site.phone();
  const stranger = await site.token(await site.newCustomer());
  const friend = await site.token(await site.newCustomer({ firstName: 'Ada' }));
  const shoot = async (name: string, screen: Screen, address: string, fullPage = false): Promise<void> => {
    const context = await openWindow(browser, screen);
    const page = await context.newPage();
    await page.goto(address);
    await page.screenshot({ path: `${folder}${name}.png`, fullPage });
    await context.close();
  };
  await shoot('pass-iphone', iphone, pass);
  await shoot('pass-android', android, pass);
  await shoot('pass-desktop', desktop, pass);
  await shoot('enrol-iphone', iphone, site.link('mail', stranger));
  await shoot('no-pass-iphone', iphone, site.link('mail/confirm', friend));

  await phone.install(await site.download());
  const engine = await startEngine(site.db);
  const identifiers = [{ kind: 'email', value: 'sarah.mason@example.com' }];
  const input = { identifiers, passType: null, data: { points: 345, tier: 'gold' }, updateMetadata: true };
  const id = await accept(site.db, { tenantId: 'demo' }, { kind: 'push-update', input });
  await ended(site.db, 'demo', id);
  await engine.stop();
  await site.push(phone);
  const context = await openWindow(browser, desktop);
  const page = await context.newPage();
  await page.goto(`${site.baseUrl}/ops/demo`);
  await page.getByLabel('API key').fill(site.demo.apiKeys.operations);
  await press(page, page.getByRole('button', { name: 'Sign in' }));
  await page.goto(`${site.baseUrl}/ops/demo/operations/${id}`);
  await page.screenshot({ path: `${folder}operation-desktop.png`, fullPage: true });
  await context.close();
} finally {
  await browser.close();
  await site.close();
}
