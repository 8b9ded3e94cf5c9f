import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findPassType, getPassTypeVersion, publishVersion } from '../../src/database/tenants/pass-types.js';
import { passTypeDesign, type PassTypeDesign } from '../../src/passes/pass-type.js';
import { startAppleService, type AppleService } from '../support/apple-service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { readZip } from '../../src/simulators/iphone/zip.js';

let db: TestDatabase;
let apple: AppleService;
before(async () => {
  db = await createTestDatabase();
  apple = await startAppleService(db);
  await publish((design) => ({ ...design, name: 'android', id: 'ptk_0xa1', apple: undefined }));
});
after(async () => {
  await apple.close();
  await db.drop();
});

const sql = () => db.database.tenant(apple.demo.tenantId);
/** Publishes a design that is made of the demo's card. */
async function publish(make: (basic: PassTypeDesign) => PassTypeDesign): Promise<number> {
  const basic = (await findPassType(sql(), 'basic'))!;
  const first = (await getPassTypeVersion(sql(), basic.passTypeId, 1))!;
  const made = await publishVersion(sql(), passTypeDesign.parse(make(first.design)), first.images);
  return made.version;
}
const { stringify } = JSON;
const page = (path: string) => fetch(`${apple.baseUrl}/p/${apple.demo.pass.serialNumber}${path}`);
/** What the phone that has the card is sent. */
async function onThePhone() {
  const { passTypeIdentifier, serialNumber } = apple.demo.pass;
  const response = await fetch(`${apple.baseUrl}/apple/v1/passes/${passTypeIdentifier}/${serialNumber}`, {
    headers: { Authorization: `ApplePass ${apple.token}` },
  });
  assert.equal(response.status, 200);
  const files = readZip(Buffer.from(await response.arrayBuffer()));
  assert.ok(files.has('icon.png'), 'phones refuse a pass without');
  return JSON.parse(files.get('pass.json')!.toString()) as Record<string, never>;
}
const isOffered = async () => {
  const [card, several] = [await page('/pass.pkpass'), await page('/passes.pkpasses')];
  assert.equal(card.status, several.status);
  const link = (await (await page('')).text()).includes('/pass.pkpass"');
  assert.equal(link, card.status === 200, 'the page offers what there is');
  return link;
};

test('a card converted to a type without a form for Apple is void on its phones and offered to nobody', async () => {
  const before = await onThePhone();
  assert.ok(await isOffered());
  await apple.update({ points: 7 }, { passType: 'android' });
  const now = await onThePhone();
  assert.equal(now['voided'], true);
  assert.ok('storeCard' in now);
  for (const key of ['serialNumber', 'authenticationToken', 'passTypeIdentifier']) assert.equal(now[key], before[key]);
  assert.match(stringify(now), /"key":"points"[^}]*"value":7/, 'what the card says is its own');
  assert.equal(await isOffered(), false);
  assert.doesNotMatch(apple.logged(), /"level":50/, 'no fault of ours');
  await apple.update({}, { passType: 'basic' });
  assert.equal('voided' in (await onThePhone()), false);
  assert.ok(await isOffered());
});

test('an offer in a type without a form for Apple covers the fields of the card', async () => {
  const offer = {
    id: 'o',
    sequence: '9',
    priority: 0,
    fields: { points: 4711 },
    passType: { id: 'ptk_0xa1', version: 1 },
  };
  const lay = (offers: object[]) =>
    db.owner('update passes set offers = $1, lock_version = lock_version + 1 where pass_id = $2', [
      stringify(offers),
      apple.demo.pass.passId,
    ]);
  await lay([offer]);
  const shown = await onThePhone();
  assert.equal('voided' in shown, false);
  assert.match(stringify(shown), /"key":"points"[^}]*"value":4711/);
  assert.ok(await isOffered());
  await lay([]);
});

test('a version that has lost its form for Apple ends the cards that move to it', async () => {
  await publish((design) => ({ ...design, apple: undefined }));
  assert.equal('voided' in (await onThePhone()), false);
  await apple.update({}, { metadata: true });
  assert.equal((await onThePhone())['voided'], true);
  assert.equal(await isOffered(), false);
});
