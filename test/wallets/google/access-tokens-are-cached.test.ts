import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PermanentError, TransientError } from '../../../src/common/errors.js';
import { startGoogleWalletSimulator, type GoogleWalletSimulator } from '../../../src/simulators/google/wallet.js';
import { createAccessTokens, type ServiceAccount } from '../../../src/wallets/google/access-token.js';

const START_MS = Date.UTC(2026, 0, 1);

describe('access tokens', () => {
  let simulator: GoogleWalletSimulator;
  let account: ServiceAccount;
  let nowMs = START_MS;
  before(async () => {
    simulator = await startGoogleWalletSimulator({ clock: () => nowMs });
    account = simulator.serviceAccount();
  });
  after(() => simulator.stop());

  const tokensOf = (serviceAccount: ServiceAccount, now = () => nowMs) =>
    createAccessTokens({ serviceAccount, timeoutMs: 5_000, now });
  const exchanges = () => simulator.requests.filter((r) => r.path === '/token').length;
  const code = (expected: string) => (e: unknown) => (e as { code?: string }).code === expected;

  test('callers share one exchange, and it lasts until five minutes before its end', async () => {
    const tokens = tokensOf(account);
    const start = exchanges();
    const [first, ...others] = await Promise.all([tokens.token(), tokens.token(), tokens.token()]);
    assert.deepEqual(others, [first, first]);
    nowMs += 54 * 60_000;
    assert.equal(await tokens.token(), first);
    assert.equal(exchanges() - start, 1);
    nowMs += 60_000;
    assert.notEqual(await tokens.token(), first);
    assert.equal(exchanges() - start, 2);
  });

  test('discarding an old token keeps a newer one', async () => {
    const tokens = tokensOf(account);
    const old = await tokens.token();
    tokens.discard(old);
    const newer = await tokens.token();
    assert.notEqual(newer, old);
    tokens.discard(old);
    assert.equal(await tokens.token(), newer);
  });

  test('an outage is transient and leaves nothing behind', async () => {
    const tokens = tokensOf(account);
    simulator.faults.add({ status: 503, path: '/token' });
    await assert.rejects(tokens.token(), TransientError);
    assert.match(await tokens.token(), /^ya29\./);
  });

  test('a page of somebody else instead of a token is transient', async () => {
    const page = async (): Promise<Response> => new Response('<html>Sign in to this network</html>', { status: 200 });
    const tokens = createAccessTokens({ serviceAccount: account, timeoutMs: 1_000, now: Date.now, fetch: page });
    await assert.rejects(
      tokens.token(),
      (e: unknown) => e instanceof TransientError && e.code === 'google-token-unavailable',
    );
  });

  test('an unknown account, a wrong clock and a broken key are permanent, and no message shows the key', async () => {
    const stranger = { ...account, client_email: 'stranger@example.iam.gserviceaccount.com' };
    await assert.rejects(tokensOf(stranger).token(), code('google-token-refused'));
    await assert.rejects(tokensOf(account, () => nowMs - 7_200_000).token(), code('google-token-refused'));
    const broken = { ...account, private_key: 'SECRET' };
    await assert.rejects(tokensOf(broken).token(), (e: unknown) => {
      assert.ok(e instanceof PermanentError && e.code === 'google-service-account-key');
      assert.doesNotMatch(e.message, /SECRET/);
      return true;
    });
  });
});
