import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { findChromium } from '../support/chromium.js';

/** User agents as the devices send them. */
export const AGENTS = {
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
  android:
    'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36',
  desktop: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
} as const;

export async function launchBrowser(): Promise<Browser> {
  const found = await findChromium({ log: (line) => process.stdout.write(`${line}\n`) });
  return chromium.launch({
    executablePath: found.path,
    env: { ...process.env, ...found.env },
    // A container's root has no user namespaces, and its /dev/shm is small.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
}

export interface Screen {
  width: number;
  height: number;
  userAgent: string;
  scale?: number;
  dark?: boolean;
  locale?: string;
}

/** A window of its own, without scripts of the page: what works here works without JavaScript. */
export function openWindow(browser: Browser, screen: Screen): Promise<BrowserContext> {
  return browser.newContext({
    viewport: { width: screen.width, height: screen.height },
    deviceScaleFactor: screen.scale ?? 1,
    userAgent: screen.userAgent,
    colorScheme: screen.dark ? 'dark' : 'light',
    locale: screen.locale ?? 'en-US',
  });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds against WCAG 2.2 AA and its best practices, one line each. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = (await page.evaluate('axe.run(document)')) as {
    violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
  };
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html.slice(0, 200)} ${failureSummary ?? ''}`),
  );
}

/** Presses a button or link and waits for the page that answers: a click alone returns before the browser has left. */
export async function press(page: Page, target: Locator): Promise<void> {
  await Promise.all([page.waitForEvent('load'), target.click()]);
}
