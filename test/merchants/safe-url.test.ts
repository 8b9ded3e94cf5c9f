import assert from 'node:assert/strict';
import type { lookup } from 'node:dns';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkWebhookUrl, isAllowedAddress, webhookReach } from '../../src/merchants/safe-url.js';
import { createMerchantSender } from '../../src/merchants/send.js';
import { ENVIRONMENTS } from '../../src/common/environment.js';
import { startTestApi } from '../support/api.js';
import { createTestDatabase } from '../support/database.js';
import { seedTenant } from '../support/tenant.js';

const FORBIDDEN = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '::ffff:168.63.129.16',
  '100.100.100.200',
  'fd20:ce::254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::ffff:a9fe:a9fe',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
  'localhost',
  '',
];

test('private, local and reserved addresses are refused in every disguise', () => {
  for (const address of FORBIDDEN) assert.equal(isAllowedAddress(address, 'public'), false, address);
  for (const address of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8']) {
    assert.equal(isAllowedAddress(address, 'public'), true, address);
  }
});

test('webhooks go to ports of web servers only', () => {
  for (const port of [
    22, 25, 80, 110, 465, 993, 1023, 2049, 2375, 5060, 5432, 6379, 6443, 6667, 9200, 10080, 10250, 27017,
  ]) {
    assert.throws(() => checkWebhookUrl(`https://shop.example:${port}/hook`, 'public'), /port/, `${port}`);
  }
  for (const name of [
    'metadata.google.internal',
    'printer.local',
    'nas.home.arpa',
    'Host.LocalDomain',
    'a.internal.',
  ]) {
    assert.throws(() => checkWebhookUrl(`https://${name}/hook`, 'public'), /local network/, name);
  }
  assert.ok(checkWebhookUrl('https://internal.shop.example/hook', 'public'), 'a part of a public name');
  for (const port of ['', ':443', ':1024', ':8443', ':65535']) {
    assert.equal(checkWebhookUrl(`https://shop.example${port}/hook`, 'public').hostname, 'shop.example');
  }
  assert.equal(checkWebhookUrl('http://127.0.0.1:80/hook', 'development').hostname, '127.0.0.1');
});

test('development opens this machine, not the network around it', () => {
  for (const address of ['127.0.0.1', '::1']) assert.equal(isAllowedAddress(address, 'development'), true, address);
  for (const address of ['169.254.169.254', '10.0.0.1', 'fd00::1', '0.0.0.0']) {
    assert.equal(isAllowedAddress(address, 'development'), false, address);
  }
});

test('any way to write a loopback address in a URL is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0x7f000000, max: 0x7fffffff }), fc.constantFrom(10, 16, 8), (ip, base) => {
      const host = base === 16 ? `0x${ip.toString(16)}` : base === 8 ? `0${ip.toString(8)}` : String(ip);
      assert.throws(() => checkWebhookUrl(`https://${host}/`, 'public'), /private, local or reserved/);
    }),
  );
  for (const url of [
    'https://[::ffff:127.0.0.1]/',
    'https://127.1/',
    'https://localhost/',
    'https://a.localhost./',
    'https://intranet/',
    'http://shop.example/',
    'https://u:p@shop.example/',
    'ftp://shop.example/',
    'shop',
  ]) {
    assert.throws(() => checkWebhookUrl(url, 'public'), { code: 'unsafe-url' }, url);
  }
  assert.equal(checkWebhookUrl('https://shop.example:8443/hooks?x=1', 'public').port, '8443');
});

test('only a tenant under development reaches this machine, and in a production installation nobody does', async () => {
  assert.equal(webhookReach('development', 'development'), 'development');
  assert.equal(webhookReach('development', 'staging'), 'development');
  for (const tenant of ENVIRONMENTS) assert.equal(webhookReach(tenant, 'production'), 'public');
  for (const tenant of ['staging', 'production'] as const) assert.equal(webhookReach(tenant, 'development'), 'public');

  const db = await createTestDatabase();
  const tenant = await seedTenant(db);
  const answers: number[] = [];
  for (const installation of ENVIRONMENTS) {
    const api = await startTestApi({ database: db.database, installation });
    const response = await api.fetch(`/api/${tenant.tenantId}/webhook-endpoints`, {
      method: 'POST',
      key: tenant.keys.all,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: 'http://127.0.0.1:9/hooks' }),
    });
    answers.push(response.status);
    await api.close();
  }
  await db.drop();
  assert.deepEqual(answers, [201, 201, 422]);
});

test('what a name resolves to is checked where the connection is made, and a mixed answer is refused', async () => {
  let reached = 0;
  const server = createServer((_, response) => {
    reached++;
    response.end('secret');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const resolving = (...addresses: string[]): typeof lookup =>
    ((_host: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      )) as unknown as typeof lookup;
  const post = (url: string, reach: 'public' | 'development', ...addresses: string[]) =>
    createMerchantSender({ resolve: resolving(...addresses) }).post({ url, headers: {}, body: '{}', reach });
  try {
    const rebound = await post(`https://shop.example:${port}/`, 'public', '127.0.0.1');
    assert.deepEqual([rebound.status, rebound.error, rebound.excerpt], [null, 'unsafe-address', null]);
    const mixed = await post(`http://shop.example:${port}/`, 'development', '127.0.0.1', '10.0.0.1');
    assert.equal(mixed.error, 'unsafe-address');
    const literal = await post(`https://127.0.0.1:${port}/`, 'public');
    assert.equal(literal.error, 'unsafe-url');
    assert.equal(reached, 0);
    const allowed = await post(`http://shop.example:${port}/`, 'development', '127.0.0.1');
    assert.deepEqual([allowed.status, allowed.excerpt], [200, 'secret']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('an endpoint that never answers costs one time-out, and its silence is named', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const sender = createMerchantSender({ timeoutMs: 50 });
    const answer = await sender.post({
      url: `http://127.0.0.1:${port}/`,
      headers: {},
      body: '{}',
      reach: 'development',
    });
    assert.deepEqual([answer.status, answer.error], [null, 'timeout']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
