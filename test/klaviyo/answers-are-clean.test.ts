import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKlaviyoClient } from '../../src/klaviyo/client.js';
import { startRawProvider } from '../support/raw-provider.js';

test('what a profile holds can be stored: characters that no database takes are left out of keys and values', async (t) => {
  const raw = await startRawProvider();
  t.after(() => raw.stop());
  raw.answer({
    status: 200,
    body: String.raw`{"data":{"type":"profile","id":"P\u00001","attributes":{
      "first_name":"B\u0000o\ud83d","properties":{"odd\u0000key":["\ude00","😀"],"deep":{"a\ud800":"x\u0007"},"big":1e400}}}}`,
  });
  const client = createKlaviyoClient({ apiUrl: raw.url, apiKey: 'pk_test' });
  assert.deepEqual(await client.getProfile('P1'), {
    type: 'profile',
    id: 'P1',
    attributes: { first_name: 'Bo', properties: { oddkey: ['', '😀'], deep: { a: 'x' }, big: Infinity } },
  });
});
