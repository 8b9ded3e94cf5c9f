import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Koa from 'koa';
import { authenticate } from '../../../src/api/access/authenticate.js';
import type { Credentials } from '../../../src/api/access/credentials.js';

/** What somebody reads whose key no tenant has. */
async function refusalOf(headers: Record<string, string>): Promise<string> {
  const ctx = { get: (name: string) => headers[name] ?? '', state: {} } as unknown as Koa.Context;
  const credentials = { resolve: async () => null } as unknown as Credentials;
  const said = await authenticate(ctx, credentials, ['Pass.Write'], null).catch((error: Error) => error.message);
  assert.equal(typeof said, 'string');
  return said as string;
}

test('a key that was pasted wrongly is told how, by its form alone, and never repeated', async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ 'X-API-KEY': 'Bearer pr_live_secret' }, /remove the word Bearer/],
    [{ 'X-API-KEY': '"pr_live_secret"' }, /quotes or angle brackets/],
    [{ 'X-API-KEY': '<pr_live_secret>' }, /quotes or angle brackets/],
    [{ Authorization: 'Bearer "pr_live_secret"' }, /quotes or angle brackets/],
    [{ Authorization: 'Bearer <an API key with Pass.Write>' }, /placeholder/],
    [{ 'X-API-KEY': '<an API key with Pass.Write>' }, /placeholder/],
    // As Node reads the three dots of a shortened key.
    [{ Authorization: 'Bearer pr_live_\u00e2\u0080\u00a6' }, /placeholder/],
    [{ 'X-API-KEY': '{{ secret }}' }, /template tag/],
    [{ 'X-API-KEY': 'pr_live_secret' }, /is not known, was revoked or has expired/],
    [{ Authorization: 'Bearer pr_live_secret' }, /is not known, was revoked or has expired/],
    [{ Authorization: 'pr_live_secret' }, /does not begin with "Bearer "/],
    [{}, /No API key came/],
  ];
  for (const [headers, said] of cases) {
    const text = await refusalOf(headers);
    assert.match(text, said, JSON.stringify(headers));
    assert.doesNotMatch(text, /secret/);
  }
});
