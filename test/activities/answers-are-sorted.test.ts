import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { PermanentError, TransientError } from '../../src/common/errors.js';
import { createKlaviyoClient } from '../../src/klaviyo/client.js';
import { createAccessTokens } from '../../src/wallets/google/access-token.js';
import { createGoogleWalletClient } from '../../src/wallets/google/objects-client.js';
import { startRawProvider, type RawAnswer } from '../support/raw-provider.js';

const HTML = '<!doctype html><title>Error</title><p>Something went wrong.';
const html = (status: number): RawAnswer => ({ status, body: HTML, headers: { 'content-type': 'text/html' } });
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const serviceAccount = {
  client_email: 'robot@example.com',
  private_key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
};

interface Provider {
  /** A refusal in the provider's own words. */
  words(status: number): RawAnswer;
  good: string;
  call(url: string): Promise<unknown>;
}

const klaviyo = (url: string) => createKlaviyoClient({ apiUrl: url, apiKey: 'pk_test', timeoutMs: 2_000 });
const google = (url: string) => {
  const tokens = { token: async () => 'a-token', discard: () => undefined };
  return createGoogleWalletClient({ apiUrl: `${url}/walletobjects/v1`, tokens, timeoutMs: 2_000 });
};
const klaviyoWords = (status: number): RawAnswer => ({
  status,
  body: JSON.stringify({ errors: [{ id: '1', status, code: 'said', title: 'Said', detail: 'Said.' }] }),
});
const googleWords = (status: number): RawAnswer => ({
  status,
  body: JSON.stringify({ error: { code: status, message: 'Said.', errors: [{ reason: 'said', message: 'Said.' }] } }),
});
const profile = { data: { type: 'profile', attributes: { email: 'a@example.com' } } };
const PROVIDERS: Record<string, Provider> = {
  'Klaviyo, a write': {
    words: klaviyoWords,
    good: JSON.stringify({ data: { type: 'profile', id: 'P1', attributes: {} } }),
    call: (url) => klaviyo(url).importProfile(profile),
  },
  'Klaviyo, a read': {
    words: klaviyoWords,
    good: JSON.stringify({ data: [{ type: 'profile', id: 'P1', attributes: {} }] }),
    call: (url) => klaviyo(url).findProfiles('email', ['a@example.com']),
  },
  'Google, a read': {
    words: googleWords,
    good: '{"id":"1.a"}',
    call: (url) => google(url).get('loyaltyObject', '1.a'),
  },
  'Google, a write': {
    words: googleWords,
    good: '{"id":"1.a"}',
    call: (url) => google(url).patch('loyaltyObject', '1.a', { state: 'ACTIVE' }),
  },
  'Google’s tokens': {
    words: (status) => ({ status, body: '{"error":"invalid_grant"}' }),
    good: '{"access_token":"a","expires_in":3600}',
    call: (url) =>
      createAccessTokens({ serviceAccount, tokenUrl: `${url}/token`, timeoutMs: 2_000, now: Date.now }).token(),
  },
};

/** Passes by itself: the request was not judged, or not by the provider. */
const PASSING = [408, 421, 425, 429, 500, 501, 502, 503, 504, 520, 524, 529];
/** Words on the key, the right or the resource: only the provider itself can say them. */
const OWN_WORDS = [401, 403, 404, 409, 410];
/** The same request meets it always. */
const LASTING = [400, 405, 406, 411, 413, 414, 415, 422, 431, 451];

/** Klaviyo's 404 is believed in Klaviyo's words alone. A conflict at Google passes. */
const NOT_PERMANENT: Record<string, number[]> = {
  'Klaviyo, a write': [404],
  'Klaviyo, a read': [404],
  'Google, a read': [409],
  'Google, a write': [409],
};

for (const [name, provider] of Object.entries(PROVIDERS)) {
  describe(`answers are sorted: ${name}`, () => {
    let raw: Awaited<ReturnType<typeof startRawProvider>>;
    before(async () => (raw = await startRawProvider()));
    after(() => raw.stop());

    const failure = async (answer: RawAnswer | null, url = raw.url): Promise<unknown> => {
      raw.answer(answer);
      return provider.call(url).then(
        () => 'taken',
        (error: unknown) => error,
      );
    };
    const kindOf = (error: unknown): unknown =>
      error instanceof PermanentError ? 'permanent' : error instanceof TransientError ? 'transient' : error;
    const allAre = async (kind: 'permanent' | 'transient', answers: readonly (RawAnswer | null)[]) => {
      const others: [string, unknown][] = [];
      for (const answer of answers) {
        const found = kindOf(await failure(answer));
        if (found !== kind) others.push([JSON.stringify(answer), found]);
      }
      assert.deepEqual(others, []);
    };

    it('takes what is good', async () => assert.equal(await failure({ status: 200, body: provider.good }), 'taken'));

    it('what may pass is transient, in the provider’s words and in those of somebody before it', () =>
      allAre('transient', [...PASSING.map(provider.words), ...PASSING.map(html)]));

    it('a page of somebody before it says nothing of key, right or resource', () =>
      allAre('transient', OWN_WORDS.map(html)));

    it('an empty refusal, or one in other words than expected, is taken at its status', () => {
      const statuses = OWN_WORDS.filter((status) => !NOT_PERMANENT[name]?.includes(status));
      return allAre(
        'permanent',
        statuses.flatMap((status) => ['', '{}', '{"message":"no"}'].map((body) => ({ status, body }))),
      );
    });

    it('what the same request always meets is permanent', () =>
      allAre('permanent', [...LASTING.map(provider.words), ...LASTING.filter((status) => status !== 400).map(html)]));

    it('half an answer is none', () =>
      allAre('transient', [
        null,
        { status: 200, body: provider.good.slice(0, -3) },
        { status: 200, body: '' },
        html(200),
        { status: 200, body: provider.good, cutAfter: 5 },
        { status: 200, body: provider.good, cutAfter: 0 },
        { status: 400, body: provider.words(400).body!, cutAfter: 9 },
      ]));

    it('no connection is transient: TLS, name', async () => {
      assert.equal(kindOf(await failure(null, raw.tlsUrl)), 'transient');
      assert.equal(kindOf(await failure(null, 'http://nobody.invalid')), 'transient');
    });

    it('a delay that it asks for is kept, in seconds and as a date', async () => {
      const date = new Date(Date.now() + 3_600_000).toUTCString();
      for (const [header, least, most] of [
        ['7', 7_000, 7_000],
        ['0.5', 500, 500],
        [date, 3_000_000, 3_600_000],
      ] as const) {
        for (const status of [429, 503]) {
          const error = await failure({ ...provider.words(status), headers: { 'retry-after': header } });
          const asked = (error as TransientError).retryAfterMs ?? -1;
          assert.ok(asked >= least && asked <= most, `${status}, ${header}: ${asked}`);
        }
      }
    });
  });
}

describe('answers are sorted: 409', () => {
  it('of Google to a change is somebody else’s write at the same moment, and to an insert an id that is taken', async (t) => {
    const raw = await startRawProvider();
    t.after(() => raw.stop());
    raw.answer(googleWords(409));
    for (const run of [
      () => google(raw.url).patch('loyaltyObject', '1.a', {}),
      () => google(raw.url).put('loyaltyObject', '1.a', {}),
    ]) {
      await assert.rejects(run, (error) => error instanceof TransientError && error.code === 'google-conflict');
    }
    assert.equal(await google(raw.url).insert('loyaltyObject', { id: '1.a' }), 'exists');
    raw.answer((head) => (head.startsWith('POST') ? googleWords(409) : googleWords(404)));
    await assert.rejects(
      google(raw.url).ensure('loyaltyObject', { id: '1.a' }),
      (error) => error instanceof PermanentError && error.code === 'google-exists',
    );
    raw.answer((head) => (head.startsWith('POST') ? googleWords(409) : { status: 200, body: '{"id":' }));
    await assert.rejects(google(raw.url).ensure('loyaltyObject', { id: '1.a' }), TransientError);
  });
});
