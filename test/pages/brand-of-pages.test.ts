import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import type { Database, TenantSql } from '../../src/database/connect.js';
import { revokeLinks } from '../../src/database/customers/links.js';
import { NO_BRAND } from '../../src/pages/brand.js';
import { MESSAGE_KINDS, messagePage, type MessageKind } from '../../src/pages/message-page.js';
import { textsIn, type Language } from '../../src/pages/texts.js';
import { hashLinkToken } from '../../src/passes/link-token.js';
import { tenantSettings } from '../../src/passes/tenant-settings.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

const PAGES = {
  privacyUrl: 'https://kestrel.example/privacy',
  imprintUrl: 'https://kestrel.example/imprint',
  supportUrl: 'mailto:help@kestrel.example',
  brandUrl: 'https://kestrel.example',
};
let site: Site;
let browser: Browser;
before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  await site.db.owner(
    `update tenants set settings = settings || jsonb_build_object('pages', $1::jsonb) where tenant_id = 'demo'`,
    [JSON.stringify(PAGES)],
  );
});
after(async () => {
  await browser?.close();
  await site?.close();
});

/** What the reader of a page has and asks for, and what stands in the way. */
interface Visit {
  path: string;
  /** On the process of another name, which has its own memory. */
  on?: TestApi;
  agent?: string;
  cookie?: string;
  act?: (page: Page) => Promise<void>;
  /** A page about a mistake: its status. */
  mistake?: number;
}

const others = (['en', 'fr'] as const).flatMap((language) => [
  ...Object.values(textsIn(language)).filter((text) => typeof text === 'string'),
  ...MESSAGE_KINDS.map((kind) => /<h1>(.*)<\/h1>/.exec(mistakeIn(language, kind))![1]!),
]);
const foreign = others.filter((text) => text.length > 5 && !Object.values(textsIn('de')).includes(text));

function mistakeIn(language: Language, kind: MessageKind): string {
  return messagePage({ language, brand: NO_BRAND, kind, code: '', cure: null }).html;
}

/** A database that cannot be reached from one moment on. */
function cutOff(database: Database, isAway: () => boolean): Database {
  const cut = (sql: TenantSql): TenantSql => {
    const gone = () => Promise.reject(Object.assign(new Error('cut off'), { code: 'ECONNREFUSED' }));
    return {
      tenantId: sql.tenantId,
      query: (statement, values) => (isAway() ? gone() : sql.query(statement, values)),
      transaction: (work) => (isAway() ? gone() : sql.transaction(work)),
    };
  };
  const { knex, system } = database;
  return {
    tenant: (id) => cut(database.tenant(id)),
    system: { ...cut(system), tenantId: system.tenantId },
    knex,
    close: async () => undefined,
  };
}

const judged = new Set<string>();

/** What keeps the page of a visit from being the brand's own: nothing, or one line each. */
async function faultsOf(page: Page, { mistake }: Visit): Promise<string[]> {
  const faults: string[] = [];
  const text = await page.locator('body').innerText();
  const hrefs = await page.evaluate(`[...document.querySelectorAll('footer a')].map((a) => a.getAttribute('href'))`);
  const wanted = [PAGES.privacyUrl, PAGES.imprintUrl, PAGES.supportUrl];
  if (JSON.stringify(hrefs) !== JSON.stringify(wanted)) faults.push(`foot: ${JSON.stringify(hrefs)}`);
  const header = page.locator('header a');
  if ((await header.getAttribute('href')) !== PAGES.brandUrl) faults.push('the header does not lead to the brand');
  if (!(await header.innerText()).includes('Kestrel')) faults.push('no name');
  const logos = await page.evaluate<number[]>(
    `[...document.querySelectorAll('header img, .card img.logo')].map((image) => image.naturalWidth)`,
  );
  if (logos.length === 0 || logos.includes(0)) faults.push(`logo: ${JSON.stringify(logos)}`);
  const support = await page.getByRole('link', { name: 'Schreib uns' }).count();
  if (support !== (mistake === undefined ? 0 : 1)) faults.push(`${support} ways to support`);
  if ((await page.locator('html').getAttribute('lang')) !== 'de') faults.push('not in German');
  faults.push(...foreign.filter((words) => text.includes(words)).map((words) => `not in German: ${words}`));
  if (/For the team|Cure|Member/.test(text)) faults.push('English beside German');
  if ((await page.evaluate<number>('document.documentElement.scrollWidth')) > 320) faults.push('scrolls sideways');
  // Pages of one heading differ in nothing that axe looks at.
  const heading = await page.locator('h1').innerText();
  if (!judged.has(heading)) faults.push(...(await findBarriers(page)));
  judged.add(heading);
  return faults;
}

test('every page whose tenant is known has its name, logo and addresses, is in one language, and a mistake leads to support', async () => {
  const { serialNumber } = site.demo.pass;
  const at = `/p/${serialNumber}`;
  const link = (path: string, token: string): string => site.link(path, token).slice(site.baseUrl.length);
  const newToken = async (): Promise<string> => site.token(await site.newCustomer());
  const [expired, revoked, live] = [await newToken(), await newToken(), await newToken()];
  await site.db.owner('update link_tokens set expires_at = now() where token_hash = $1', [hashLinkToken(expired)]);
  await revokeLinks(site.db.database.tenant('demo'), { tokenHash: hashLinkToken(revoked) });
  const sessionOn = async (api: { baseUrl: string }): Promise<string> => {
    const opened = await fetch(api.baseUrl + link('mail', live), { redirect: 'manual' });
    return opened.headers.get('set-cookie')!.split(';')[0]!.split('=').slice(1).join('=');
  };
  const windowOf = (userAgent: string) => openWindow(browser, { width: 320, height: 700, userAgent, locale: 'de-DE' });
  const phone = await windowOf(AGENTS.iphone);
  const visit = async (name: string, { path, on, agent, cookie, act, mistake }: Visit): Promise<void> => {
    const context = agent ? await windowOf(agent) : phone;
    await context.clearCookies();
    const url = (on?.baseUrl ?? site.baseUrl) + path;
    if (cookie) await context.addCookies([{ name: 'passrelay_link', value: cookie, url }]);
    const page = await context.newPage();
    const answer = await page.goto(url);
    await act?.(page);
    if (!act) assert.equal(answer?.status(), mistake ?? 200, name);
    assert.deepEqual(await faultsOf(page, { path, ...(mistake !== undefined && { mistake }) }), [], name);
    await (agent ? context : page).close();
  };
  const usual: Record<string, Visit> = {
    pass: { path: at },
    'pass on a computer': { path: at, agent: `${AGENTS.desktop} ` },
    'preview of a pass': { path: at, agent: 'WhatsApp/2.24' },
    enrolment: { path: link('mail', live) },
    'enrolment with faults': { path: link('mail', live), act: (page) => press(page, page.getByRole('button')) },
    'expired link': { path: link('mail', expired), mistake: 410 },
    'revoked link': { path: link('mail', revoked), mistake: 410 },
    'no pass yet': { path: link('mail/confirm', live), mistake: 404 },
    'not at Google': { path: `${at}/google`, mistake: 404 },
  };
  for (const [name, each] of Object.entries(usual)) await visit(name, each);

  // A process remembers for a minute what it has read: each kind of trouble meets one of its own.
  let isAway = false;
  const instant = Date.now();
  const switched = cutOff(site.db.database, () => isAway);
  const [over, unreadable, away, busy] = await Promise.all([
    startTestApi({ database: site.db.database }),
    startTestApi({ database: site.db.database }),
    startTestApi({ database: switched }),
    startTestApi({ database: site.db.database, now: () => instant }),
  ]);
  const present = await site.db.owner<{ not_after: Date }>('select not_after from apple_certificates limit 1');
  try {
    await site.db.owner(`update apple_certificates set not_after = '2020-01-01'`);
    await visit('certificate over: page', { on: over, path: at });
    await visit('certificate over: pass', { on: over, path: `${at}/pass.pkpass`, mistake: 409 });
    await visit('certificate over: bundle', { on: over, path: `${at}/passes.pkpasses`, mistake: 409 });

    await site.db.owner('update apple_certificates set not_after = $1', [present[0]!.not_after]);

    const inside = await sessionOn(unreadable);
    await site.db.owner(`update tenant_secrets set key_id = 'lost-' || key_id`);
    await visit('secret unreadable: page', { on: unreadable, path: at });
    await visit('secret unreadable: pass', { on: unreadable, path: `${at}/pass.pkpass`, mistake: 503 });
    await visit('secret unreadable: link', { on: unreadable, path: link('mail', live), mistake: 503 });
    await visit('secret unreadable: form', {
      on: unreadable,
      path: '/demo/mail/enrol',
      cookie: inside,
      mistake: 503,
    });
    await site.db.owner(`update tenant_secrets set key_id = substr(key_id, 6)`);

    await site.db.owner(`update passes set state = 'deleted' where serial_number = $1`, [serialNumber]);
    await visit('deleted: page', { path: at });
    await visit('deleted: pass', { path: `${at}/pass.pkpass`, mistake: 404 });
    await visit('deleted: bundle', { path: `${at}/passes.pkpasses`, mistake: 404 });
    await site.db.owner(`update passes set state = 'active' where serial_number = $1`, [serialNumber]);

    const cookie = await sessionOn(away);
    await visit('before the database goes', { on: away, path: at });
    isAway = true;
    for (const path of [at, `${at}/pass.pkpass`, `${at}/passes.pkpasses`, `${at}/google`, link('mail', live)]) {
      await visit(`database away: ${path}`, { on: away, path, mistake: 503 });
    }
    for (const path of ['enrol', 'pass']) {
      await visit(`database away: ${path}`, { on: away, path: `/demo/mail/${path}`, cookie, mistake: 503 });
    }

    for (const [path, neighbour] of [[at, '/p/x'] as const, [link('mail', live), '/demo/mail'] as const]) {
      await busy.fetch(path, { headers: { Accept: 'text/html' } });
      await Promise.all(Array.from({ length: 241 }, () => busy.fetch(neighbour)));
      await visit(`throttled: ${path}`, { on: busy, path, mistake: 429 });
    }
  } finally {
    await Promise.all([over, unreadable, away, busy].map((api) => api.close()));
    await phone.close();
  }
});

test('what fails behind a personal link speaks for its brand, too, in the reader’s language', async () => {
  const opened = await fetch(site.link('mail', await site.token(await site.newCustomer())), { redirect: 'manual' });
  const [cookie] = opened.headers.get('set-cookie')!.split(';');
  const enrol = async (body: string): Promise<Response> =>
    fetch(`${site.baseUrl}/demo/mail/enrol`, {
      method: 'POST',
      headers: {
        Cookie: cookie!,
        Accept: 'text/html',
        'Accept-Language': 'de',
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body,
    });
  const wrongs: [name: string, status: number, answer: Response][] = [
    ['a form of another session', 409, await enrol('csrf=of-another-session')],
    ['a form that is too large', 413, await enrol(`csrf=${'x'.repeat(300_000)}`)],
  ];
  for (const [name, status, answer] of wrongs) {
    const text = await answer.text();
    assert.equal(answer.status, status, name);
    assert.match(text, /<html lang="de">/, name);
    for (const href of [PAGES.supportUrl, PAGES.privacyUrl, PAGES.brandUrl]) {
      assert.ok(text.includes(`href="${href}"`), `${name}: ${href}`);
    }
  }
});

test('the form is in one language: the tenant’s where a consent cannot be read in the reader’s', async () => {
  const address = site.link('mail', await site.token(await site.newCustomer()));
  const context = await openWindow(browser, { width: 320, height: 700, userAgent: AGENTS.iphone, locale: 'fr-FR' });
  const page = await context.newPage();
  await page.goto(address);
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  const text = await page.locator('body').innerText();
  assert.match(text, /Member \(required\)[^]*I can unsubscribe in every message/);
  assert.doesNotMatch(text, /obligatoire|Recevoir/);
  await context.close();
});

test('a stranger who guesses learns no brand', async () => {
  for (const address of [`${site.baseUrl}/p/unknown`, site.link('mail', 'U'.repeat(43))]) {
    const text = await (await fetch(address, { headers: { Accept: 'text/html' } })).text();
    assert.ok(!text.includes('kestrel.example') && !text.includes('Kestrel'), address);
  }
});

test('addresses that a browser would run or that are not web pages are refused with the tenant folder', () => {
  for (const wrong of ['javascript:alert(1)', 'http://kestrel.example', 'https://x"onclick', 'data:text/html,x', '']) {
    for (const name of Object.keys(PAGES)) {
      assert.equal(tenantSettings.safeParse({ pages: { [name]: wrong } }).success, false, `${name} ${wrong}`);
    }
  }
});
