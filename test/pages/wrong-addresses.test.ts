import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PNG } from 'pngjs';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let api: TestApi;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
});
after(async () => {
  await api.close();
  await db.drop();
});

/** What a browser's window sends when somebody types an address. */
const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };

for (const [address, status, words] of [
  ['/ops/Not%20Valid', 400, /tenantId.*Use small letters, digits and dashes/],
  ['/ops/demo/customers/zz', 400, /customerId/],
  ['/ops/demo/operations/zz', 400, /correlationId/],
  ['/ops/demo/search', 405, /takes POST/],
  ['/problems/nope', 404, /No problem has this name/],
  ['/demo', 404, /We cannot find this card/],
] as const) {
  test(`somebody who opens ${address} reads a page`, async () => {
    const response = await api.fetch(address, { headers: BROWSER });
    assert.equal(response.status, status);
    assert.match(response.headers.get('content-type')!, /^text\/html/);
    assert.match(response.headers.get('content-security-policy')!, /default-src 'none'/);
    const page = await response.text();
    assert.match(page, words);
    assert.ok(page.includes(response.headers.get('x-correlation-id')!.slice(0, 8)), 'a code that leads to the log');
  });
}

test('the icon that every browser asks for is no mistake: neither its console nor our log and counters have one', async () => {
  const response = await api.fetch('/favicon.ico', { headers: { Accept: 'image/avif,image/webp,*/*;q=0.8' } });
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'image/x-icon']);
  const icon = Buffer.from(await response.arrayBuffer());
  const [size, start] = [icon.readUInt32LE(14), icon.readUInt32LE(18)];
  assert.equal(icon.length, start + size, 'the directory names the whole image');
  const { width, height } = PNG.sync.read(icon.subarray(start));
  assert.deepEqual([width, height], [icon[6], icon[7]], 'the image has the size that the directory says');
  assert.match(response.headers.get('cache-control')!, /max-age/);
});

test('programs that miss an address get problem+json as ever', async () => {
  for (const address of ['/nowhere', '/op', '/api/demo/nothing']) {
    const response = await api.fetch(address, { headers: { Accept: '*/*' } });
    assert.equal(response.status, 404);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
  }
});

test('the bare address and that of operators say what runs here and lead on, without naming a tenant', async () => {
  const asked = ['/', '/ops'].flatMap((address) => [BROWSER.Accept, '*/*'].map((Accept) => ({ address, Accept })));
  for (const { address, Accept } of asked) {
    const response = await api.fetch(address, { headers: { Accept } });
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type')!, /^text\/html/);
    const page = await response.text();
    assert.match(page, /Passrelay runs here/);
    for (const [, way] of page.matchAll(/href="([^"]+)"/g)) {
      assert.ok((await api.fetch(way!)).ok, `${way} leads nowhere`);
    }
    assert.doesNotMatch(page, /\/p\/|href="\/ops/);
  }
});
