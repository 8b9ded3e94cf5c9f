import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Route } from '../../src/api/route.js';
import { authenticationToken } from '../../src/wallets/apple/authentication-token.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { everythingOf, idsOf, seedMore, TOKEN_KEY, type Ids } from '../support/seeded-things.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

/**
 * Each route is called three times as often as there are things to name: with what belongs to the other tenant, and with what
 * does not exist. Whoever asks must not be able to tell which was which. The calls are made from the routes themselves.
 */

/** Routes whose address holds a secret of its own: whoever has it may see it, whatever the tenant. */
const SECRET_IN_ADDRESS = new Set([
  'GET /p/:serials', // a person's link to the pass: 128 random bits
  'GET /p/:serials/passes.pkpasses',
  'GET /p/:serialNumber/pass.pkpass',
  'GET /assets/:tenantId/:file', // pictures by their SHA-256; they stand on passes that anybody may be shown
  'GET /apple/v1/devices/:device/registrations/:type', // without Authorization, as Apple has it: the device's id is known to it alone
]);
const TOKEN = 'token.of.mine';

let db: TestDatabase;
let api: TestApi;
let mine: SeededTenant;
let theirs: SeededTenant;
/** By name of a parameter or of a property: what the other tenant has under it, and what nobody has. */
let others: Ids;
let absent: Ids;
let own: Ids;
let ownDeviceToken: string;

before(async () => {
  db = await createTestDatabase();
  mine = await seedTenant(db);
  theirs = await seedTenant(db);
  const verify = async (token: string) =>
    token === TOKEN
      ? { tenantId: mine.tenantId, scopes: api.routes.flatMap(({ scope }) => scope ?? []), subject: 'me' }
      : null;
  api = await startTestApi({ database: db.database, tokens: { verify } });
  const seeded = await seedMore(db, theirs);
  others = idsOf(theirs, seeded);
  own = idsOf(mine, await seedMore(db, mine));
  ownDeviceToken = authenticationToken(TOKEN_KEY, mine.pass.id);
  absent = idsOf(
    {
      ...theirs,
      tenantId: 'nobody',
      accountId: 'aid_0xffffffff',
      customerId: randomUUID(),
      email: 'nobody@example.com',
      pass: { id: randomUUID(), serialNumber: 'AAAAAAAAAAAAAAAAAAAAAA' },
      passTypes: { basic: 'ptk_0x9a', premium: 'ptk_0x9b' },
    },
    {
      ...seeded,
      ...Object.fromEntries(Object.keys(seeded).map((name) => [name, randomUUID()])),
      device: 'e'.repeat(32),
    },
  );
});
after(async () => {
  await api.close();
  await db.drop();
});

/** The example body of a route with every id in it replaced. */
function bodyWith(value: unknown, ids: Ids, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => bodyWith(item, ids, key));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bodyWith(inner, ids, name)]));
  }
  return typeof value === 'string' && Object.hasOwn(ids, key) && key !== 'type' ? ids[key] : value;
}

/** An answer as its reader sees it, without what differs in any two calls and without the names that were asked for. */
async function answer(route: Route, path: Ids, rest: Ids, secret: string, headers: Record<string, string> = {}) {
  const address = route.path.replace(/:(\w+)/g, (_, name: string) => {
    assert.ok(path[name] !== undefined, `${route.path}: say in this test what another tenant has as :${name}`);
    return encodeURIComponent(path[name]!);
  });
  const query = new URLSearchParams(
    Object.keys(route.query.shape).flatMap((name): [string, string][] =>
      Object.hasOwn(rest, name) ? [[name, rest[name]!]] : [],
    ),
  );
  const device = route.path.startsWith('/apple/');
  const response = await api.fetch(`${address}${query.size > 0 ? `?${query.toString()}` : ''}`, {
    method: route.method,
    headers: {
      Authorization: device ? `ApplePass ${ownDeviceToken}` : `Bearer ${secret}`,
      ...(route.body && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(route.body
      ? { body: JSON.stringify(bodyWith(route.body.example, rest)) }
      : device && route.method === 'POST'
        ? { body: '{"pushToken":"abcd"}' }
        : {}),
  });
  const seen = [...response.headers].filter(
    ([name]) => !['date', 'ratelimit', 'x-correlation-id', 'content-length', 'keep-alive'].includes(name),
  );
  return withoutNames(
    JSON.stringify({ status: response.status, headers: seen, body: await bodyOf(response) }),
    path,
    rest,
  );
}

/** An answer without the names that were asked for, and without what is another in each answer. */
function withoutNames(answered: string, ...asked: Ids[]): string {
  let text = answered;
  for (const ids of asked) {
    for (const [name, value] of Object.entries(ids)) text = text.replaceAll(value, `<${name}>`);
  }
  return text
    .replace(/<(?:serial|pass)>/g, '<serialNumber>')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/<strong>(\d+) [0-9a-f]{8}/g, '<strong>$1 <code>')
    .replace(/whsec_[A-Za-z0-9+/=]+/g, '<secret>')
    .replace(/[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])/g, '<random>');
}

/** The text of an answer; of a stream that goes on, what it says first. */
async function bodyOf(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text();
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

/** Shows the place where two answers part, as pages are long. */
function same(one: string, two: string, what: string): void {
  if (one === two) return;
  const at = [...one].findIndex((letter, index) => letter !== two[index]);
  const around = (text: string) => text.slice(Math.max(0, at - 100), at + 100);
  assert.fail(`${what}\n${around(one)}\n${around(two)}`);
}

const nameOf = (route: Route): string => `${route.method} ${route.path}`;

test('no route tells what another tenant has from what nobody has, and none changes it', async () => {
  const before = await everythingOf(db, theirs.tenantId);
  let calls = 0;
  for (const route of api.routes) {
    if (SECRET_IN_ADDRESS.has(nameOf(route))) continue;
    for (const secret of [mine.keys.all, TOKEN, theirs.keys.all, `pr_live_${'A'.repeat(43)}`]) {
      // Inside the caller's own tenant: another's ids in address, query and body. Another's key never gets that far.
      const inside = { ...others, tenantId: mine.tenantId };
      const nowhere = { ...absent, tenantId: mine.tenantId };
      if (secret !== theirs.keys.all || route.path.includes(':tenantId')) {
        const [one, two] = [await answer(route, inside, inside, secret), await answer(route, nowhere, nowhere, secret)];
        same(one, two, `${nameOf(route)}: another tenant's ids`);
        calls += 2;
      }
      // Another tenant in the address, with its own ids beneath it, and one that does not exist.
      if (route.path.includes(':tenantId') && secret !== theirs.keys.all) {
        const [one, two] = [await answer(route, others, others, secret), await answer(route, absent, absent, secret)];
        same(one, two, `${nameOf(route)}: another tenant in the address`);
        calls += 2;
      }
      // Another account beside the caller's own ids.
      if (route.scope !== null && secret !== theirs.keys.all) {
        const named = async (accountId: string) =>
          answer(route, own, own, secret, { 'X-ACCOUNT-ID': accountId }).then((text) =>
            text.replaceAll(accountId, '<account>'),
          );
        same(await named(theirs.accountId), await named(absent['accountId']!), `${nameOf(route)}: another account`);
        calls += 2;
      }
    }
  }
  assert.ok(calls > 100, `only ${calls} calls were made`);
  const after = await everythingOf(db, theirs.tenantId);
  const refused = await db.owner<{ code: string; known_caller: boolean; flow_id: string | null }>(
    'select distinct code, known_caller, flow_id from refused_deliveries where tenant_id = $1 order by code',
    [theirs.tenantId],
  );
  assert.deepEqual(
    refused,
    [
      { code: 'unauthenticated', known_caller: false, flow_id: null },
      { code: 'wrong-tenant', known_caller: true, flow_id: null },
    ],
    'strangers are counted, and its own key that was sent to another address',
  );
  for (const table of Object.keys(before).filter((name) => name !== 'refused_deliveries')) {
    // Its own key was presented: that use alone is written down, within a minute. It is the last column.
    const compared = (rows: string | undefined): string | undefined =>
      table === 'api_keys' ? rows?.replace(/,(?:"[^"]*")?\)$/gm, ')') : rows;
    assert.equal(compared(after[table]), compared(before[table]), `a call on behalf of another changed ${table}`);
  }
});

/** A route of the operator's pages as a signed-in operator calls it: from its page, with every id in its form. */
async function operatorAnswer(route: Route, ids: Ids, session: { cookie: string; csrf: string }): Promise<string> {
  const address = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(ids[name]!));
  const fields = { ...ids, term: ids['email']!, key: ids['keyId']!, csrf: session.csrf, confirmed: 'yes' };
  const isFile = route.path.endsWith('/rows') && route.method === 'POST';
  const form = isFile ? new FormData() : new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (form instanceof FormData) form.append('file', new Blob([`email\n${ids['email']}\n`]), 'rows.csv');
  const response = await api.fetch(
    route.method === 'GET' ? `${address}?${new URLSearchParams(ids).toString()}` : address,
    { method: route.method, headers: { Cookie: session.cookie }, ...(route.method === 'POST' && { body: form }) },
  );
  const seen = [response.headers.get('location'), response.headers.get('content-disposition')];
  const body = (await bodyOf(response)).replace(/<time.*?<\/time>/gs, '<time>');
  const text = JSON.stringify({ status: response.status, seen, body });
  return withoutNames(text.replaceAll(session.csrf, '<csrf>'), ids, { masked: `${ids['serial']!.slice(0, 4)}•••` });
}

test('no page and no form of a signed-in operator tells or changes what is another tenant’s', async () => {
  const before = await everythingOf(db, theirs.tenantId);
  const signedIn = await api.fetch(`/ops/${mine.tenantId}/sign-in`, {
    method: 'POST',
    body: new URLSearchParams({ key: mine.keys.all }),
  });
  const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  const home = await (await api.fetch(`/ops/${mine.tenantId}`, { headers: { Cookie: cookie } })).text();
  const csrf = /name="csrf" value="([^"]+)"/.exec(home)![1]!;
  const pages = api.routes.filter(({ path }) => path.startsWith('/ops/:tenantId'));
  const found: string[] = [];
  for (const route of pages) {
    const ask = (ids: Ids): Promise<string> => operatorAnswer(route, ids, { cookie, csrf });
    const here = { tenantId: mine.tenantId };
    same(
      await ask({ ...others, ...here }),
      await ask({ ...absent, ...here }),
      `${nameOf(route)}: another tenant's ids`,
    );
    same(await ask(others), await ask(absent), `${nameOf(route)}: another tenant in the address`);
    if (/:(?!tenantId)/.test(route.path) && (await ask(own)) !== (await ask({ ...absent, ...here })))
      found.push(nameOf(route));
  }
  assert.ok(found.length > 10, `its own things are found by ${found.join(', ')} alone: the session is not signed in`);
  const after = await everythingOf(db, theirs.tenantId);
  for (const table of Object.keys(before)) assert.equal(after[table], before[table], `an operator changed ${table}`);
});

test('the same calls by the tenant itself find what is there: the matrix would notice a difference', async () => {
  const found: string[] = [];
  for (const route of api.routes) {
    if (route.scope === null || route.method !== 'GET' || !/:(?!tenantId)/.test(route.path)) continue;
    const asked = async (ids: Ids) => answer(route, { ...ids, tenantId: theirs.tenantId }, ids, theirs.keys.all);
    if ((await asked(others)) !== (await asked(absent))) found.push(nameOf(route));
    else
      assert.fail(`${nameOf(route)} answers its own tenant as if nothing were there: the ids of this test are wrong`);
  }
  assert.ok(found.includes('GET /v1/passes/:serialNumber'));
});
