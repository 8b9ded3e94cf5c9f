import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { accept } from '../support/operations.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';

// A form that is not taken says why beside its field, keeps what was typed, leads the reader there, and does nothing.

interface Wrong {
  /** What is typed over what the page shows, by control. */
  typed: Record<string, string>;
  /** The control that is faulty; null: none of one. */
  at: string | null;
  says: RegExp;
  /** A file for the control `file`. */
  file?: string;
}
interface FormCase {
  page: () => string | Promise<string>;
  button: string | RegExp;
  wrong: Wrong[];
  /** Fields that cannot be wrong, or lead only to the page that follows. */
  free?: string[];
}

let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;
before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  const input = { identifiers: [], passType: null, data: {}, updateMetadata: false };
  await accept(site.db, { tenantId: 'demo' }, { kind: 'push-update', input });
  context = await openWindow(browser, { width: 1280, height: 900, userAgent: AGENTS.desktop });
  page = await context.newPage();
  await page.goto(`${site.baseUrl}/ops/demo`);
  await page.getByLabel('API key').fill(site.demo.apiKeys.admin);
  await press(page, page.getByRole('button', { name: 'Sign in' }));
});
after(async () => {
  await browser?.close();
  await site?.close();
});

const wrong = (typed: Record<string, string>, at: string | null, says: RegExp): Wrong => ({ typed, at, says });
const filterFaults = [
  wrong({ status: 'broken' }, 'status', /“Status” does not take “broken”/),
  wrong({ outcome: 'odd' }, 'outcome', /“Outcome” does not take/),
  wrong({ kind: 'odd' }, 'kind', /“Request” does not take/),
  wrong({ from: '2026-02-30' }, 'from', /“From” does not take “2026-02-30”: write a day/),
  wrong({ from: '2026-01-02', to: '2026-01-01' }, 'to', /“Until” is not after “From”/),
  wrong({ to: 'soon' }, 'to', /“Until” does not take “soon”/),
];
const offer = { action: 'offer', field1: 'points', value1: '5' };
const long = 'x'.repeat(256);

/** Makes a campaign that waits for its file; returns the path of its page. */
async function waitingForFile(): Promise<string> {
  await page.goto(`${site.baseUrl}/ops/demo/campaigns`);
  await page.getByLabel('Name').fill('From a file');
  await page.getByLabel('A CSV file').check();
  await page.getByLabel('Message', { exact: true }).fill('Hello');
  await press(page, page.getByRole('button', { name: 'Show the dry run' }));
  return new URL(page.url()).pathname;
}

/** Every form of the operator's pages with fields, by its route. */
const FORMS: Record<string, FormCase> = {
  'GET /ops/:tenantId': { page: () => '/ops/demo', button: 'Filter', wrong: filterFaults },
  'POST /ops/:tenantId/retry': {
    page: () => '/ops/demo?kind=push-update&status=accepted',
    button: 'Retry all that match',
    wrong: [...filterFaults, wrong({ kind: '', status: '' }, null, /choose first/)],
  },
  'POST /ops/:tenantId/search': {
    page: () => '/ops/demo',
    button: 'Find',
    wrong: [
      wrong({ term: ' ' }, 'term', /Nothing was looked for: write an e-mail address/),
      wrong({ term: long }, 'term', /too long/),
    ],
  },
  'POST /ops/:tenantId/klaviyo/test': {
    page: () => '/ops/demo/klaviyo',
    button: /^Send a test event/,
    wrong: [wrong({ passType: 'gone' }, null, /no longer there/)],
  },
  'POST /ops/:tenantId/campaigns': {
    page: () => '/ops/demo/campaigns',
    button: 'Show the dry run',
    free: [
      'audience',
      'action',
      'when',
      'test',
      'state-active',
      'state-expired',
      'state-voided',
      'notifyAtEnd',
      'filterIs',
    ],
    wrong: [
      wrong({ name: '' }, 'name', /“Name” is empty/),
      wrong({ passType: 'gone' }, 'passType', /There is no pass type "gone"/),
      wrong({ installedOn: 'watch' }, 'installedOn', /“Installed on” does not take/),
      wrong({ updatedAfter: 'once' }, 'updatedAfter', /“Changed since” does not take “once”/),
      wrong({ updatedAfter: '2026-02-01T00:00', updatedBefore: '2026-01-01T00:00' }, 'updatedBefore', /not after “Ch/),
      wrong({ filterField2: 'pointss', filterValue2: '5' }, 'filterField2', /did you mean "points"/),
      wrong(
        { filterField1: 'points', filterValue1: 'many' },
        'filterValue1',
        /“Compared with, 1” does not take “many”/,
      ),
      wrong({ audience: 'segment', segment: 'My VIPs' }, 'segment', /copy the letters and digits/),
      wrong({ audience: 'list', list: '' }, 'list', /“Id of the list” is empty/),
      wrong({ message: '' }, 'message', /“Message” is empty/),
      wrong({ title: long }, 'title', /“Title” is too long/),
      wrong({ link: 'shop.example' }, 'link', /“Link” does not take “shop.example”: write an address/),
      wrong({ class: 'loud' }, 'class', /“Class” does not take “loud”/),
      wrong({ validFor: 'long' }, 'validFor', /“Taken off after” does not take “long”: write a length/),
      wrong({ notBefore: 'soon' }, 'notBefore', /“Not before” does not take/),
      wrong({ quietHours: 'loud' }, 'quietHours', /“Quiet hours” does not take/),
      wrong({ message: 'Hi {column:Code}' }, 'message', /A column belongs to a file/),
      wrong({ action: 'convert', convertTo: 'gone' }, 'convertTo', /There is no pass type "gone"/),
      wrong({ ...offer, until: '14 days', offerType: 'gone' }, 'offerType', /There is no pass type "gone"/),
      wrong({ ...offer, until: '' }, 'until', /“Until, or for” is empty/),
      wrong({ ...offer, until: '2020-01-01' }, 'until', /“Until, or for” has passed/),
      wrong({ ...offer, until: '14 days', from: 'once' }, 'from', /“From” does not take “once”/),
      wrong({ ...offer, until: '14 days', priority: 'high' }, 'priority', /“Priority” does not take “high”/),
      wrong({ ...offer, until: '14 days', uses: '0' }, 'uses', /“Uses” does not take “0”/),
      wrong({ action: 'update', field1: 'pointss', value1: '5' }, 'field1', /did you mean "points"/),
      wrong(
        { action: 'update', field1: 'points', value1: '{{ x }}' },
        'value1',
        /“Value 1” still holds a template tag/,
      ),
      wrong({ action: 'update', field1: 'points', from1: 'column', value1: 'P' }, 'from1', /choose “A CSV file”/),
      wrong({ when: 'at', at: '' }, 'at', /“Time” is empty/),
      wrong({ when: 'at', at: '2020-01-01T10:00' }, 'at', /“Time” has passed/),
      wrong({ perMinute: '0' }, 'perMinute', /a whole number from 1 to 60,000/),
      wrong({ hoursUntil: '20:00' }, 'hoursFrom', /“Only from” is empty/),
      wrong({ hoursFrom: '09:00', hoursUntil: '09:00' }, 'hoursUntil', /the same as “Only from”/),
      wrong({ holdoutPercent: '95' }, 'holdoutPercent', /a number from 0 to 90/),
    ],
  },
  'POST /ops/:tenantId/campaigns/:campaignId/rows': {
    page: waitingForFile,
    button: 'Upload, and show the dry run',
    wrong: [
      { typed: {}, at: 'file', says: /No file was chosen/ },
      { typed: {}, at: 'file', says: /not UTF-8.*Save it as/, file: 'email\nj\xf6rg@example.com\n' },
      { typed: {}, at: 'file', says: /not taken/, file: '' },
    ],
  },
  'POST /ops/:tenantId/campaigns/:campaignId/start': {
    page: () => '/ops/demo/campaigns',
    button: 'Start',
    free: ['passes'],
    wrong: [],
  },
  'GET /ops/:tenantId/pass-types/:passType/preview': {
    page: () => '/ops/demo/pass-types/basic/preview',
    button: 'Show',
    free: ['pass'],
    wrong: [
      wrong({ customer: 'nobody' }, 'customer', /“Customer” does not take “nobody”/),
      wrong({ language: 'xx' }, 'language', /“Language” does not take “xx”/),
    ],
  },
  'POST /ops/:tenantId/pass-types/:passType/preview': {
    page: () => '/ops/demo/pass-types/basic/preview',
    button: 'Show these',
    free: ['customer', 'language'],
    wrong: [wrong({ 'value:points': 'many' }, 'value:points', /points.*many|Points/)],
  },
  'POST /ops/:tenantId/deliveries/:deliveryId/redeliver': {
    page: () => '/ops/demo',
    button: 'Redeliver',
    free: ['operation'],
    wrong: [],
  },
  // Last: it ends the session.
  'POST /ops/:tenantId/sign-in': {
    page: async () => {
      await context.clearCookies();
      return '/ops/demo/campaigns';
    },
    button: 'Sign in',
    free: ['to'],
    wrong: [
      wrong({ key: '' }, 'key', /No key was given/),
      wrong({ key: 'pr_live_wrong' }, 'key', /not a valid key of this tenant/),
    ],
  },
};

test('every form with fields is swept here, and every field of it that can be wrong', () => {
  const posts = site.routes.filter(({ readers, method }) => readers === 'operator' && method === 'POST');
  assert.ok(posts.length > 10);
  for (const { path, form } of posts) assert.ok(form, `${path} declares what its form brings`);
  // What a button asks first is no field: it is said by the button of the question.
  const fieldsOf = ({ form = [] }: { form?: readonly string[] }) => form.filter((field) => field !== 'confirmed');
  const forms = site.routes.filter((route) => route.readers === 'operator' && fieldsOf(route).length > 0);
  assert.deepEqual(forms.map(({ method, path }) => `${method} ${path}`).sort(), Object.keys(FORMS).sort());
  for (const route of forms) {
    const { method, path } = route;
    const { wrong: all, free = [] } = FORMS[`${method} ${path}`]!;
    const swept = [...free, ...all.flatMap(({ typed, at }) => [...Object.keys(typed), ...(at === null ? [] : [at])])];
    const families = new Set(swept.map((name) => name.replace(/\d$/, '').replace(/:.*/, ':*')));
    for (const field of fieldsOf(route)) assert.ok(families.has(field.replace(/\d$/, '')), `${path}: ${field}`);
  }
});

/** Writes into controls whatever a browser would keep out of them: what is sent is what a page must not rely on. */
async function typeOver(form: ReturnType<Page['locator']>, typed: Record<string, string>): Promise<void> {
  await form.evaluate((element, values) => {
    const own = element as unknown as {
      noValidate: boolean;
      elements: { namedItem(name: string): unknown };
      ownerDocument: { createElement(tag: string): { name: string; type: string; value: string } };
      append(child: unknown): void;
    };
    own.noValidate = true;
    for (const [name, value] of Object.entries(values)) {
      let control = own.elements.namedItem(name) as Record<string, unknown> | null;
      if (!control) {
        control = own.ownerDocument.createElement('input') as unknown as Record<string, unknown>;
        Object.assign(control, { name, type: 'hidden' });
        own.append(control);
      }
      if (control['tagName'] === 'SELECT') {
        const option = own.ownerDocument.createElement('option');
        option.value = value;
        (control['append'] as (child: unknown) => void).call(control, option);
      } else if (control['tagName'] === 'INPUT' && control['type'] !== 'hidden') {
        (control['removeAttribute'] as (attribute: string) => void).call(control, 'maxlength');
        control['type'] = 'text';
      }
      control['value'] = value;
    }
  }, typed);
}

const effects = async (): Promise<unknown> =>
  site.db.owner(`select (select count(*) from operations) as operations, (select count(*) from campaigns) as campaigns,
                        (select count(*) from campaign_rows) as rows`);

/** What a page says of a control of a form that was not taken. */
interface Said {
  text: string;
  focus: string | null;
  /** What the control holds, by name. */
  kept: Record<string, string | null>;
}
const SAID = `(([at, typed, doc]) => {
  const control = at === null ? doc.querySelector('[role=alert]') : doc.querySelector('[name="' + at + '"][aria-invalid=true]');
  const said = at === null ? control : doc.getElementById(control?.getAttribute('aria-describedby'));
  const seen = 'input[name="NAME"]:not([type=hidden], [type=radio], [type=password])';
  const input = (name) => doc.querySelector(seen.replace('NAME', name));
  const focus = doc === document ? document.activeElement : doc.querySelector('[autofocus]');
  return {
    text: (said?.textContent ?? '').replaceAll(/\\s+/g, ' ').trim(),
    focus: focus?.getAttribute('name') ?? focus?.getAttribute('role') ?? null,
    kept: Object.fromEntries(typed.filter(input).map((name) => [name, input(name).getAttribute('value')])),
  };
})`;

/** As the browser shows it, with its focus; or as an answer says it, which the browser reads without going there. */
const readSaid = (at: string | null, typed: Record<string, string>, html: string | null): Promise<Said> => {
  const doc = html === null ? 'document' : `new DOMParser().parseFromString(${JSON.stringify(html)}, 'text/html')`;
  return page.evaluate<Said>(`${SAID}([${JSON.stringify(at)}, ${JSON.stringify(Object.keys(typed))}, ${doc}])`);
};

/** So many of a form are sent by the browser itself; the rest by its requests, which is quicker. */
const BY_HAND = 3;

for (const [route, { page: open, button, wrong: all }] of Object.entries(FORMS)) {
  if (all.length === 0) continue;
  test(`${route}: what is wrong is said at its field`, async () => {
    const address = `${site.baseUrl}${await open()}`;
    const before = await effects();
    for (const [index, { typed, at, says, file }] of all.entries()) {
      const what = `${route} ${JSON.stringify(typed)}`;
      if (index <= BY_HAND) await page.goto(address);
      await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
      const submit = page.getByRole('button', { name: button, exact: typeof button === 'string' }).first();
      const form = page.locator('form').filter({ has: submit }).first();
      const base = route.endsWith('/campaigns') ? { name: 'Sale', message: 'Hello' } : {};
      let [status, html]: [number, string | null] = [0, null];
      if (index < BY_HAND) {
        await typeOver(form, { ...base, ...typed });
        if (file !== undefined) {
          const upload = { name: 'guests.csv', mimeType: 'text/csv', buffer: Buffer.from(file, 'latin1') };
          await form.locator('input[type=file]').setInputFiles(upload);
        }
        const [response] = await Promise.all([
          page.waitForResponse((one) => one.request().isNavigationRequest()),
          press(page, submit),
        ]);
        status = response.status();
        if (index === 0) assert.deepEqual(await findBarriers(page), [], what);
      } else {
        const own = await form.evaluate((element) => {
          const { FormData: Fields } = globalThis as unknown as { FormData: new (of: unknown) => Map<string, string> };
          return Object.fromEntries(new Fields(element).entries());
        });
        const sent = { ...own, ...base, ...typed };
        const to = (await form.getAttribute('action')) ?? '';
        const url = new URL(to, address).href;
        const response = route.startsWith('GET')
          ? await page.request.get(url, { params: sent })
          : await page.request.post(url, { form: sent, maxRedirects: 0 });
        [status, html] = [response.status(), await response.text()];
      }
      assert.ok(status >= 400 && status < 500, `${what} is refused: ${status}`);
      // A browser moves the focus at its next picture.
      const faulty = at === null ? '[role=alert]' : `[name="${at}"]`;
      if (html === null) await page.locator(`${faulty}:focus`).waitFor();
      const said = await readSaid(at, typed, html);
      assert.match(said.text, says, `${what}: ${status} ${(html ?? '').replace(/^[^]*<main>/, '').slice(0, 600)}`);
      assert.equal(said.focus, at ?? 'alert', `${what}: the focus is at what is wrong`);
      for (const [name, value] of Object.entries(said.kept)) {
        assert.equal(value?.trim(), typed[name]!.trim(), `${what}: ${name} stays as it was typed`);
      }
    }
    assert.deepEqual(await effects(), before, 'nothing was done');
  });
}
