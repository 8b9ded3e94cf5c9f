import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { everythingOf, idsOf, seedMore, type Ids } from '../support/seeded-things.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

/** Forms of the operator's pages that take nothing away. Any other asks first: a new route is one of these, or asks. */
const TAKES_NOTHING = new Set([
  '/sign-in',
  '/sign-out',
  '/search',
  '/retry',
  '/operations/:correlationId/retry',
  '/passes/:passId/restore',
  '/webhook-endpoints/:endpointId/enable',
  '/deliveries/:deliveryId/redeliver',
  '/klaviyo/test',
  '/pass-types/:passType/preview',
  '/campaigns',
  '/campaigns/:campaignId/rows',
  '/campaigns/:campaignId/start',
  '/campaigns/:campaignId/pause',
  '/campaigns/:campaignId/resume',
]);
const ROOT = '/ops/:tenantId';

let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let ids: Ids;
let cookie: string;

before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  api = await startTestApi({ database: db.database });
  const more = await seedMore(db, tenant);
  // A message that waits has the id of its request; the one that was sent is another.
  const [waiting] = await db.owner<{ operation_id: string }>(
    `insert into operations (operation_id, tenant_id, kind, input, status, pass_id, customer_id)
     select gen_random_uuid(), tenant_id, 'send-message', '{"content": {"text": "Good night", "title": null, "link": null}}', 'running', pass_id, customer_id
       from passes where pass_id = $1 returning operation_id`,
    [tenant.pass.id],
  );
  ids = { ...idsOf(tenant, more), waiting: waiting!.operation_id };
  const signedIn = await api.fetch(`/ops/${tenant.tenantId}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ key: tenant.keys.all }),
  });
  cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
});
after(async () => {
  await api.close();
  await db.drop();
});

const posted = () => api.routes.filter(({ method, path }) => method === 'POST' && path.startsWith(ROOT));
const addressOf = (path: string): string =>
  path.replace(/:(\w+)/g, (_, name: string) => {
    const id = path.endsWith('/messages/:messageId/cancel') && name === 'messageId' ? ids['waiting'] : ids[name];
    assert.ok(id, `${path}: say in test/support/seeded-things.ts what :${name} is`);
    return id;
  });
const page = async (path: string): Promise<string> => {
  const answer = await api.fetch(path, { headers: { Cookie: cookie } });
  const html = await answer.text();
  assert.equal(answer.status, 200, `${path}: ${html}`);
  return html;
};
const tokenIn = (html: string): string => /name="csrf" value="([^"]+)"/.exec(html)![1]!;
const send = (path: string, fields: Record<string, string>) =>
  api.fetch(path, {
    method: 'POST',
    headers: { Cookie: cookie },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  });

test('every page of a signed-in operator has the menu', async () => {
  const paths = api.routes.flatMap(({ method, path }) => (method === 'GET' && path.startsWith(ROOT) ? [path] : []));
  let pages = 0;
  for (const path of paths.filter((one) => !one.endsWith('/events'))) {
    const answer = await api.fetch(addressOf(path), { headers: { Cookie: cookie } });
    const text = await answer.text();
    if (!answer.headers.get('content-type')?.startsWith('text/html')) continue;
    assert.equal(answer.status, 200, `${path}: ${text}`);
    assert.match(text, /<nav class="places" aria-label="Operations">/, path);
    pages++;
  }
  assert.ok(pages > 10, `only ${pages} pages`);
});

test('whatever takes something away from somebody asks first, and says what happens to whom', async () => {
  const paths = posted().map(({ path }) => path.slice(ROOT.length));
  for (const path of TAKES_NOTHING) assert.ok(paths.includes(path), `${path} is no route any more`);
  const asking = paths.filter((path) => !TAKES_NOTHING.has(path));
  assert.ok(asking.includes('/passes/:passId/void'));
  for (const path of asking) {
    const address = addressOf(ROOT + path);
    const before = await everythingOf(db, tenant.tenantId);
    const question = await page(address);
    assert.match(question, new RegExp(`action="${address}"`), `${path}: the question does what it asks`);
    const whom = path.startsWith('/campaigns/') ? 'theirs' : tenant.email;
    assert.ok(question.includes(whom), `${path} says whom it is about`);
    assert.match(question, /No, go back/, path);
    const csrf = tokenIn(question);
    const unasked = await send(address, { csrf });
    assert.equal(unasked.status, 200, path);
    assert.equal(await unasked.text(), question, `${path}: a form elsewhere leads to the question`);
    assert.deepEqual(await everythingOf(db, tenant.tenantId), before, `${path} did something unasked`);
    const answer = await send(address, { csrf, confirmed: 'yes' });
    assert.equal(answer.status, 303, `${path}: ${await answer.text()}`);
    assert.notDeepEqual(await everythingOf(db, tenant.tenantId), before, `${path} does what it asked for`);
  }
});

test('what was voided can be made valid again on the same page', async () => {
  await db.owner(`update passes set state = 'voided' where pass_id = $1`, [tenant.pass.id]);
  const customer = `/ops/${tenant.tenantId}/customers/${tenant.customerId}`;
  const html = await page(customer);
  const restore = `/ops/${tenant.tenantId}/passes/${tenant.pass.id}/restore`;
  assert.match(html, new RegExp(`action="${restore}"[^]*Restore this pass`));
  assert.doesNotMatch(html, /Void this pass/);
  const answer = await send(restore, { csrf: tokenIn(html) });
  const id = answer.headers.get('location')!.split('/').at(-1);
  const rows = await db.owner('select kind, input from operations where operation_id = $1', [id]);
  assert.deepEqual(rows, [{ kind: 'restore-pass', input: { passId: tenant.pass.id } }]);
});
