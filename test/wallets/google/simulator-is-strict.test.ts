import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startGoogleWalletSimulator, type GoogleWalletSimulator } from '../../../src/simulators/google/wallet.js';
import { clientOf } from './fixtures.js';

const logo = { sourceUri: { uri: 'https://images.example/logo.png' } };
const klass = (id = '1.c') => ({
  id,
  issuerName: 'i',
  programName: 'p',
  programLogo: logo,
  reviewStatus: 'UNDER_REVIEW',
});
const object = (id = '1.o', classId = '1.c') => ({ id, classId, state: 'ACTIVE' });
type Call = [method: string, path: string, body?: unknown];

describe('the Google Wallet simulator refuses what Google refuses', () => {
  let simulator: GoogleWalletSimulator;
  let token: string;
  let nowMs = Date.UTC(2026, 0, 1);
  before(async () => {
    simulator = await startGoogleWalletSimulator({ clock: () => nowMs });
    token = await clientOf(simulator, () => nowMs).tokens.token();
    assert.equal((await call('POST', 'loyaltyClass', klass())).status, 200);
    assert.equal((await call('POST', 'loyaltyObject', object())).status, 200);
    assert.equal((await call('POST', 'genericClass', { id: '1.g' })).status, 200);
  });
  after(() => simulator.stop());

  async function call(method: string, path: string, body?: unknown, bearer = token) {
    nowMs += 1_000; // keeps below the rate quota
    const response = await fetch(`${simulator.apiUrl}/${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = (await response.json()) as { error?: { code: number; errors: { reason: string; domain: string }[] } };
    return { status: response.status, reason: json.error?.errors[0]?.reason, json };
  }

  const loc = { latitude: 1, longitude: 1 };
  const refusals: Record<string, [status: number, call: Call]> = {
    'an empty body': [400, ['POST', 'loyaltyObject', {}]],
    'an unknown field': [400, ['POST', 'loyaltyObject', { ...object('1.x'), surprise: 1 }]],
    'an unknown nested field': [400, ['PATCH', 'loyaltyObject/1.o', { loyaltyPoints: { total: 1 } }]],
    'a foreign enum name': [400, ['PATCH', 'loyaltyObject/1.o', { state: 'DELETED' }]],
    'a wrong type': [400, ['PATCH', 'loyaltyObject/1.o', { accountId: 5 }]],
    null: [400, ['PATCH', 'loyaltyObject/1.o', { accountId: null }]],
    'a missing required field': [400, ['POST', 'loyaltyObject', { id: '1.x', classId: '1.c' }]],
    'a PUT that leaves out a required field': [400, ['PUT', 'loyaltyObject/1.o', { id: '1.o', classId: '1.c' }]],
    'a bad id': [400, ['POST', 'loyaltyObject', object('no issuer')]],
    'an existing id': [409, ['POST', 'loyaltyObject', object()]],
    'an unknown id': [404, ['GET', 'loyaltyObject/1.none']],
    'an id of another type': [404, ['GET', 'offerObject/1.o']],
    'an unknown class': [400, ['POST', 'loyaltyObject', object('1.x', '1.none')]],
    'a class of another type': [400, ['POST', 'loyaltyObject', object('1.x', '1.g')]],
    'an echoed APPROVED': [400, ['PATCH', 'loyaltyClass/1.c', { reviewStatus: 'APPROVED', programName: 'q' }]],
    'a class write without reviewStatus': [400, ['PATCH', 'loyaltyClass/1.c', { programName: 'q' }]],
    'a way back to DRAFT': [400, ['PATCH', 'loyaltyClass/1.c', { reviewStatus: 'DRAFT' }]],
    'reviewStatus on generic': [400, ['POST', 'genericClass', { id: '1.h', reviewStatus: 'UNDER_REVIEW' }]],
    'a tier on the object': [400, ['PATCH', 'loyaltyObject/1.o', { rewardsTier: 'Gold' }]],
    'a colour on a loyalty object': [400, ['PATCH', 'loyaltyObject/1.o', { hexBackgroundColor: '#fff' }]],
    'a URI without a scheme': [
      400,
      ['PATCH', 'loyaltyObject/1.o', { heroImage: { sourceUri: { uri: 'a.example/b' } } }],
    ],
    'eleven locations': [400, ['PATCH', 'loyaltyObject/1.o', { merchantLocations: Array(11).fill(loc) }]],
    'a link to nothing': [400, ['PATCH', 'loyaltyObject/1.o', { linkedObjectIds: ['1.none'] }]],
    'a changed id': [400, ['PATCH', 'loyaltyObject/1.o', { id: '1.p' }]],
    DELETE: [404, ['DELETE', 'loyaltyObject/1.o']],
    'an unknown resource type': [404, ['GET', 'busTicketObject/1.o']],
  };
  for (const [what, [status, request]] of Object.entries(refusals)) {
    test(`refuses ${what}`, async () => {
      const before = JSON.stringify([simulator.object('1.o'), simulator.class('1.c'), simulator.object('1.x')]);
      const answer = await call(...request);
      assert.equal(answer.status, status);
      assert.equal(answer.json.error?.code, answer.status);
      assert.equal(answer.json.error?.errors[0]?.domain, 'walletobjects');
      assert.equal(JSON.stringify([simulator.object('1.o'), simulator.class('1.c'), simulator.object('1.x')]), before);
    });
  }

  test('PATCH replaces arrays whole and keeps other fields; PUT clears what is left out', async () => {
    const note = (id: string) => ({ id, header: id, body: id });
    await call('PATCH', 'loyaltyObject/1.o', { accountId: 'a', textModulesData: [note('one'), note('two')] });
    await call('PATCH', 'loyaltyObject/1.o', { textModulesData: [note('three')] });
    assert.deepEqual(simulator.object('1.o')!['textModulesData'], [note('three')]);
    assert.equal(simulator.object('1.o')!['accountId'], 'a');
    await call('PUT', 'loyaltyObject/1.o', object());
    assert.equal('accountId' in simulator.object('1.o')!, false);
  });

  test('links stay, and a DRAFT class takes no objects', async () => {
    await call('POST', 'loyaltyObject', object('1.linked'));
    assert.equal((await call('PATCH', 'loyaltyObject/1.o', { linkedObjectIds: ['1.linked'] })).status, 200);
    assert.equal((await call('PATCH', 'loyaltyObject/1.o', { linkedObjectIds: [] })).status, 400);
    await call('POST', 'loyaltyClass', { ...klass('1.draft'), reviewStatus: 'DRAFT' });
    assert.equal((await call('POST', 'loyaltyObject', object('1.x', '1.draft'))).status, 400);
  });

  test('notifyPreference is unknown to generic objects', async () => {
    const text = { defaultValue: { language: 'en', value: 'x' } };
    const card = { id: '1.card', classId: '1.g', cardTitle: text, header: text };
    assert.equal((await call('POST', 'genericObject', { ...card, notifyPreference: 'NOTIFY_ON_UPDATE' })).status, 400);
    assert.equal((await call('POST', 'genericObject', card)).status, 200);
  });

  test('the eleventh message and the fourth notification of a day are refused', async () => {
    await call('POST', 'loyaltyObject', object('1.m'));
    const say = (messageType: string) =>
      call('POST', 'loyaltyObject/1.m/addMessage', { message: { body: 'b', messageType } });
    for (let i = 0; i < 3; i++) assert.equal((await say('TEXT_AND_NOTIFY')).status, 200);
    const fourth = await say('TEXT_AND_NOTIFY');
    assert.deepEqual([fourth.status, fourth.reason], [403, 'quotaExceeded']);
    nowMs += 24 * 3_600_000;
    assert.equal((await call('GET', 'loyaltyObject/1.m')).status, 401, 'tokens live an hour');
    token = await clientOf(simulator, () => nowMs).tokens.token();
    assert.equal((await say('TEXT_AND_NOTIFY')).status, 200);
    for (let i = 0; i < 6; i++) assert.equal((await say('TEXT')).status, 200);
    assert.equal((await say('TEXT')).status, 400);
  });

  test('the twenty-first request of a second meets the quota, and the next second is free again', async () => {
    const own = await clientOf(simulator, () => nowMs).tokens.token();
    const get = () => fetch(`${simulator.apiUrl}/loyaltyObject/1.o`, { headers: { authorization: `Bearer ${own}` } });
    for (let i = 0; i < 20; i++) assert.equal((await get()).status, 200);
    assert.equal((await get()).status, 403);
    nowMs += 1_000;
    assert.equal((await get()).status, 200);
  });

  test('no request passes without a token', async () => {
    assert.equal((await call('GET', 'loyaltyObject/1.o', undefined, 'stolen')).status, 401);
  });

  test('faults and stored resources can be driven over HTTP', async () => {
    const control = (method: string, path: string, body?: unknown) =>
      fetch(`${simulator.url}/simulator/${path}`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
    assert.equal((await control('POST', 'faults', { status: 503, times: 2, path: 'loyaltyObject' })).status, 201);
    assert.equal((await call('GET', 'loyaltyObject/1.o')).status, 503);
    assert.equal((await call('GET', 'loyaltyClass/1.c')).status, 200);
    assert.equal((await call('GET', 'loyaltyObject/1.o')).status, 503);
    assert.equal((await call('GET', 'loyaltyObject/1.o')).status, 200);
    assert.equal((await control('POST', 'faults', { statsu: 503 })).status, 400);
    const { objects } = (await (await control('GET', 'objects')).json()) as { objects: { resource: { id: string } }[] };
    assert.ok(objects.some((o) => o.resource.id === '1.o'));
  });
});
