import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createAccessTokens } from '../../../src/wallets/google/access-token.js';
import { createRootKeys } from '../../../src/wallets/google/callback-keys.js';
import { googleFetch } from '../../../src/wallets/google/outbound.js';

const reached: string[] = [];
const server = createServer((request, response) => {
  reached.push(request.url!);
  if (request.url === '/moved') return void response.writeHead(302, { Location: '/elsewhere' }).end();
  if (request.url === '/endless') {
    const chunk = Buffer.alloc(1024 * 1024);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more);
    };
    return more();
  }
  response.end('{"ok":true}');
});
let origin: string;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

test('a service account cannot send us to a host of its choice', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const tokens = createAccessTokens({
    serviceAccount: {
      client_email: 'a@b.iam.gserviceaccount.com',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      token_uri: `${origin}/metadata`,
    },
    timeoutMs: 2_000,
    now: Date.now,
    fetch: googleFetch(['https://walletobjects.googleapis.com/walletobjects/v1', null]),
  });
  await assert.rejects(tokens.token(), { code: 'google-address-refused' });
  assert.deepEqual(reached, []);
});

test('redirects are not followed and answers end at a limit', async () => {
  const call = googleFetch([origin]);
  assert.deepEqual(await (await call(`${origin}/fine`)).json(), { ok: true });
  await assert.rejects(call(`${origin}/moved`));
  assert.ok(!reached.includes('/elsewhere'));
  await assert.rejects(
    call(`${origin}/endless`).then((response) => response.text()),
    /larger than 5 MB/,
  );
});

test('the keys of callbacks are fetched by the same rules', async () => {
  for (const path of ['/moved', '/endless']) {
    const keys = createRootKeys({ keysUrl: `${origin}${path}`, now: Date.now });
    await assert.rejects(keys.current(), /could not be read/);
  }
  assert.ok(!reached.includes('/elsewhere'));
});
