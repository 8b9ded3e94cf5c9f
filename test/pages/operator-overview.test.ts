import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { recordKeyRefused } from '../../src/database/klaviyo/klaviyo-connections.js';
import { keepOffer, markStarted } from '../../src/database/offers/offers.js';
import { recordStep } from '../../src/database/operations/steps.js';
import type { Iphone } from '../../src/simulators/iphone/iphone.js';
import { accept } from '../support/operations.js';
import { AGENTS, findBarriers, launchBrowser, openWindow, press } from './browser.js';
import { startSite, type Site } from './site.js';
import { rowsOf } from '../support/rows.js';

let site: Site;
let browser: Browser;
let page: Page;
let phone: Iphone;
const tenantId = 'demo';

before(async () => {
  browser = await launchBrowser();
  site = await startSite();
  phone = site.phone();
  await phone.install(await site.download());
  const context = await openWindow(browser, { width: 1280, height: 900, userAgent: AGENTS.desktop });
  page = await context.newPage();
  await page.goto(`${site.baseUrl}/ops/demo`);
  await page.getByLabel('API key').fill(site.demo.apiKeys.admin);
  await press(page, page.getByRole('button', { name: 'Sign in' }));
});
after(async () => {
  phone?.stop();
  await browser?.close();
  await site?.close();
});

const ops = (path = ''): string => `${site.baseUrl}/ops/demo${path}`;
const rows = () => page.getByRole('region', { name: 'Requests' }).locator('tbody tr');
const update = () =>
  accept(
    site.db,
    { tenantId },
    {
      kind: 'push-update',
      input: { identifiers: [], passType: null, data: {}, updateMetadata: false },
    },
  );

/** No barrier, no sideways scrolling, on a computer and on the narrowest phone. */
async function assertFits(): Promise<void> {
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 });
    assert.deepEqual(await findBarriers(page), [], `${width} px`);
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width, `${width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

test('the first page says what is wrong now, with its cure, and that nothing is', async () => {
  await page.goto(ops());
  assert.ok(await page.getByText('Nothing is wrong now').isVisible());
  const waiting = await update();
  await site.db.owner(`update operations set accepted_at = now() - interval '3 hours' where operation_id = $1`, [
    waiting,
  ]);
  await site.db.owner(`update apple_certificates set not_after = now() - interval '2 days'`);
  const sql = site.db.database.tenant(tenantId);
  const refusal = { tenantId, keyVersion: '1', call: null, reason: 'The key is revoked.', nowMs: Date.now() };
  await recordKeyRefused(sql, refusal);
  await page.reload();
  for (const text of [
    /its oldest request has waited for 3 hours/i,
    /the certificate of pass\.\S+ \(demo\) expired on/i,
    /Klaviyo refuses its key since .* The key is revoked/,
  ]) {
    assert.ok(await page.getByText(text).isVisible(), String(text));
  }
  await assertFits();
  await site.db.owner(`update apple_certificates set not_after = now() + interval '200 days'`);
  await site.db.owner(`delete from klaviyo_connections`);
});

test('requests are filtered, paged, explained and retried together', async () => {
  const sql = site.db.database.tenant(tenantId);
  for (let count = 0; count < 30; count++) {
    const id = await update();
    await site.db.owner(
      `update operations set status = 'failed', outcome = 'gave-up', reason = 'A day was not enough.', ended_at = now() where operation_id = $1`,
      [id],
    );
  }
  const stuck = await update();
  await site.db.owner(`update operations set status = 'retrying' where operation_id = $1`, [stuck]);
  await recordStep(sql, {
    tenantId,
    operationId: stuck,
    run: 1,
    step: 'find-pass',
    state: 'retrying',
    error: { code: 'database-unavailable', message: 'It does not answer sarah.mason@example.com.' },
  });
  await site.db.owner(`update operations set accepted_at = now() - interval '1 minute' where operation_id = $1`, [
    stuck,
  ]);
  await page.goto(ops());
  assert.ok(await page.getByText('One request is being tried again: database-unavailable, since').isVisible());
  await page.getByLabel('Status').selectOption('retrying');
  await press(page, page.getByRole('button', { name: 'Filter' }));
  await page.waitForURL(/status=retrying/);
  assert.equal(await rows().count(), 1);
  assert.ok(await page.getByText('database-unavailable: It does not answer sarah.mason@example.com.').isVisible());
  assert.match(await rows().first().innerText(), /just now|\d+ (s|min) ago/);

  await page.getByLabel('Status').selectOption('failed');
  await page.getByLabel('Outcome').selectOption('gave-up');
  await press(page, page.getByRole('button', { name: 'Filter' }));
  await page.waitForURL(/outcome=gave-up/);
  assert.equal(await rows().count(), 25);
  assert.ok(await page.getByText('A day was not enough.').first().isVisible());
  await press(page, page.getByRole('link', { name: 'Older' }));
  assert.equal(await rows().count(), 5, 'the filter goes with the page');
  await assertFits();

  await press(page, page.getByRole('button', { name: 'Retry all that match' }));
  const id = page.url().split('/').at(-1)!;
  const made = await rowsOf(site.db).operation(id, 'kind', 'input');
  assert.deepEqual(made, {
    kind: 'retry-operations',
    input: { filter: { status: 'failed', outcome: 'gave-up' }, perSecond: 10 },
  });
  await recordStep(sql, {
    tenantId,
    operationId: id,
    run: 1,
    step: 'retry-operations',
    state: 'running',
    detail: { of: 30, retried: 12 },
  });
  await page.reload();
  assert.ok(await page.getByText('12 of 30 retried').isVisible());
  await page.goto(ops());
  assert.equal(await page.getByRole('button', { name: 'Retry all that match' }).count(), 0, 'nothing is chosen');
});

test('a filter that cannot be read lists nothing, and offers no retry of it', async () => {
  for (const query of ['?status=nonsense&from=x&kind[]=1', '?outcome=%FF', '?from=2026-13-45T99:99']) {
    const response = await page.goto(ops(query));
    assert.equal(response?.status(), 422, query);
    assert.ok(await page.getByText('Nothing is listed while the filter cannot be read.').isVisible());
    assert.equal(await page.getByRole('button', { name: 'Retry all that match' }).count(), 0);
  }
});

test('a pass is diagnosed from the certificate to the phone, on its page and by the API', async () => {
  const read = async () => {
    const response = await fetch(`${site.baseUrl}/v1/passes/${site.demo.pass.serialNumber}/diagnosis`, {
      headers: { 'X-API-KEY': site.demo.apiKeys.admin },
    });
    return (await response.json()) as { answer: { code: string; cure: string }; findings: { code: string }[] };
  };
  const address = ops(`/passes/${site.demo.pass.passId}/diagnosis`);
  const before = (await read()).findings.map(({ code }) => code);
  assert.ok(before.includes('up-to-date'), before.join(', '));
  await site.update({ points: 200 });
  assert.equal((await read()).answer.code, 'not-told');
  await site.db.owner(
    `insert into notifications (tenant_id, operation_id, target, device_id, pass_id, platform, state, updated_at)
     select 'demo', o.operation_id, r.device_id::text, r.device_id, r.pass_id, 'apple', 'delivered', now() + interval '1 second'
       from apple_registrations r, operations o where o.kind = 'push-update' limit 1`,
  );
  assert.equal((await read()).answer.code, 'just-told');
  await site.db.owner(`update notifications set updated_at = now() - interval '1 hour'`);
  await site.db.owner(`update passes set modified_at = now() - interval '2 hours'`);
  await site.db.owner(
    `update apple_registrations set registered_at = now() - interval '1 day', last_listed_at = now() - interval '3 hours', last_fetched_at = now() - interval '3 hours'`,
  );
  assert.equal((await read()).answer.code, 'silent-after-push');
  await page.goto(address);
  assert.ok(await page.getByText('automatic updates are probably switched off').first().isVisible());
  await assertFits();
  await site.db.owner(`update apple_certificates set not_after = now() - interval '2 days'`);
  assert.equal((await read()).answer.code, 'certificate-expired');
  await site.db.owner(`update apple_certificates set not_after = now() + interval '200 days'`);
});

test('messages and offers are listed with why one waits, are taken off, and explain what a pass shows', async () => {
  const sql = site.db.database.tenant(tenantId);
  const { passId } = site.demo.pass;
  const content = (text: string) => ({ text, title: null, link: null });
  const ask = (text: string) =>
    accept(
      site.db,
      { tenantId },
      {
        kind: 'send-message',
        passId,
        input: {
          identifiers: [],
          content: content(text),
          class: 'marketing',
          validUntil: null,
          validForSeconds: null,
          notBefore: null,
          respectQuietHours: null,
        },
      },
    );
  const [sent, waiting, dropped] = [await ask('Open until nine'), await ask('Good night'), await ask('One too many')];
  await site.db.owner(
    `insert into messages (message_id, tenant_id, pass_id, customer_id, class, content, state, revision, sent_at)
     select $1, 'demo', pass_id, customer_id, 'marketing', $2, 'sent', revision, now() from passes where pass_id = $3`,
    [sent, JSON.stringify(content('Open until nine')), passId],
  );
  const step = { tenantId, run: 1, step: 'claim-message' } as const;
  const until = '2031-01-02T08:00:00.000Z';
  await recordStep(sql, {
    ...step,
    operationId: waiting,
    state: 'waiting',
    detail: { waitingFor: 'the end of quiet hours', until },
  });
  await site.db.owner(
    `update operations set status = 'succeeded', outcome = 'message-held-back', reason = 'No consent.' where operation_id = $1`,
    [dropped],
  );
  const offerId = '00000000-0000-4000-8000-00000000000a';
  const offer = { offer_id: offerId, pass_id: passId, acceptance_sequence: '1', pass_type_id: null, priority: 0 };
  const times = { starts_at: new Date(), ends_at: new Date('2031-02-03T10:00:00Z'), uses: 3, notify_at_end: false };
  await keepOffer(sql, { ...offer, ...times, fields: { points: 777 }, asked: 'start-offer' });
  await markStarted(sql, offerId);
  await site.db.owner(`update passes set messages = $1, offers = $2 where pass_id = $3`, [
    JSON.stringify([{ id: sent, at: '2030-01-01T10:00:00Z', until: null, ...content('Open until nine') }]),
    JSON.stringify([{ id: offerId, sequence: '1', priority: 0, fields: { points: 777 }, passType: null }]),
    passId,
  ]);
  for (const path of ['/messages', `/passes/${passId}/messages`]) {
    await page.goto(ops(path));
    const table = await page.getByRole('region', { name: 'Messages' }).innerText();
    for (const part of [
      /Open until nine[^]*on the pass/,
      /waits[^]*quiet hours, 2031-01-02 08:00/,
      /held back[^]*No consent/,
    ]) {
      assert.match(table, part);
    }
    if (path === '/messages') assert.match(table, /Open until nine\s+Sarah Mason/, 'whose pass it is');
    assert.match(await page.getByRole('region', { name: 'Offers' }).innerText(), /points[^]*active[^]*used 0 of 3/);
    await assertFits();
  }
  await page.goto(ops(`/passes/${passId}/diagnosis`));
  for (const text of [
    /An offer covers points until 2031-02-03 10:00/,
    /shows 1 message, the newest since 2030-01-01/,
  ]) {
    assert.ok(await page.getByText(text).first().isVisible(), String(text));
  }
  const kindOf = async () => {
    const id = page.url().split('/').at(-1);
    const row = await rowsOf(site.db).operation(id, 'kind', 'input', 'cancel_requested');
    return row;
  };
  const pressOf = async (name: string) => {
    await page.goto(ops('/messages'));
    await press(page, page.getByRole('link', { name }));
    await press(page, page.locator('button.danger'));
    return kindOf();
  };
  assert.deepEqual(await pressOf('Take off now: Open until nine'), {
    kind: 'end-message',
    input: { passId, messageId: sent },
    cancel_requested: false,
  });
  assert.deepEqual(await pressOf('End now: points'), {
    kind: 'end-offer',
    input: { passId, offerId },
    cancel_requested: false,
  });
  assert.equal((await pressOf('Do not send: Good night'))?.cancel_requested, true);
  await page.goto(ops('/passes/00000000-0000-4000-8000-00000000000b/messages'));
  assert.ok(await page.getByText('No such pass').isVisible(), 'an unknown pass says so');
});

test('a key for flows may read field names, and nothing else of the tenant', async () => {
  const ask = (path: string) =>
    fetch(site.baseUrl + path, { headers: { 'X-API-KEY': site.demo.apiKeys.klaviyo } }).then(({ status }) => status);
  assert.equal(await ask('/v1/pass-templates'), 200);
  for (const path of ['/v1/passes', '/api/demo/operations', `/v1/passes/${site.demo.pass.serialNumber}/diagnosis`]) {
    assert.equal(await ask(path), 403, path);
  }
});

test('the first page says how much waits, how fast it goes and when it will be done', async () => {
  await page.goto(ops());
  assert.equal(await page.getByRole('heading', { name: 'Under way' }).count(), 0, 'nothing worth a word');
  await site.db.owner(
    `insert into operations (operation_id, tenant_id, kind, origin, status, input, accepted_at)
     select gen_random_uuid(), $1, 'push-update', 'klaviyo', 'accepted', '{}', now() from generate_series(1, 3000)`,
    [tenantId],
  );
  await site.db.owner(
    `insert into bursts (burst_id, tenant_id, operation_ids, dispatched_by, notified_at)
     select gen_random_uuid(), $1, array(select gen_random_uuid() from generate_series(1, 600)), gen_random_uuid(), now()
       from generate_series(1, 5)`,
    [tenantId],
  );
  await site.db.owner(
    `with told as (
       insert into operations (operation_id, tenant_id, kind, origin, status, input, accepted_at, burst_id)
       select gen_random_uuid(), $1, 'push-update', 'klaviyo', 'running', '{}', now(), (select burst_id from bursts where tenant_id = $1 limit 1)
         from generate_series(1, 400) returning tenant_id, operation_id)
     insert into operation_steps (tenant_id, operation_id, step, state) select tenant_id, operation_id, 'update-google-object', 'waiting' from told`,
    [tenantId],
  );
  await page.reload();
  for (const text of [
    /3,0\d\d requests wait/,
    /Bursts of 600 tell phones of 50 requests a second/,
    /begins in 6\d seconds/,
    /400 objects at Google are still to be written: .* the last one is written in 43 seconds/,
  ]) {
    assert.ok(await page.getByText(text).isVisible(), String(text));
  }
  await assertFits();
  await site.db.owner(`delete from operations where tenant_id = $1 and input = '{}'`, [tenantId]);
  await site.db.owner(`delete from bursts where tenant_id = $1`, [tenantId]);
});
