import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Koa from 'koa';
import { pino } from 'pino';
import { createClientAddress } from '../../../src/api/access/client-address.js';
import { parseNetworks } from '../../../src/common/networks.js';

const lines: string[] = [];
const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });

function addressOf(trusted: string, near: string, forwarded = ''): string {
  const context = { req: { socket: { remoteAddress: near } }, get: () => forwarded };
  return createClientAddress({ trustedProxies: parseNetworks(trusted), log })(context as unknown as Koa.Context);
}

test('without trusted proxies nobody chooses an address, on a private network neither', () => {
  for (const near of ['127.0.0.1', '::ffff:10.0.0.7', '9.9.9.9']) {
    assert.equal(addressOf('', near, '198.51.100.1'), near.replace('::ffff:', ''));
  }
  assert.match(lines.at(-1)!, /TRUSTED_PROXIES/);
  assert.doesNotMatch(lines.at(-1)!, /198\.51|9\.9\.9/);
});

test('behind trusted proxies it is the last address that none of them has', () => {
  const trusted = '10.0.0.0/8,2001:db8:1::/48';
  assert.equal(addressOf(trusted, '10.0.0.7', '198.51.100.1'), '198.51.100.1');
  assert.equal(addressOf(trusted, '::ffff:10.0.0.7', '1.2.3.4, 198.51.100.1'), '198.51.100.1');
  assert.equal(addressOf(trusted, '10.0.0.7', '1.2.3.4, 198.51.100.1, 10.1.1.1'), '198.51.100.1');
  assert.equal(addressOf(trusted, '10.0.0.7', '198.51.100.1:4711'), '198.51.100.1');
  assert.equal(addressOf(trusted, '2001:db8:1::5', '[2001:db8:2::1]:443'), addressOf('', '2001:db8:2::1'));
  // What no proxy of ours wrote leads no further than to the proxy.
  assert.equal(addressOf(trusted, '10.0.0.7', '198.51.100.1, unknown'), '10.0.0.7');
  assert.equal(addressOf(trusted, '10.0.0.7'), '10.0.0.7');
  assert.equal(addressOf(trusted, '203.0.113.9', '198.51.100.1'), '203.0.113.9');
  assert.equal(addressOf(trusted, '10.0.0.7', '10.0.0.8,'.repeat(5000)), '10.0.0.7');
});

test('the addresses of one IPv6 network count as one', () => {
  assert.equal(addressOf('', '2001:db8:5:6::1'), addressOf('', '2001:db8:5:6:ffff:1:2:3'));
  assert.notEqual(addressOf('', '2001:db8:5:6::1'), addressOf('', '2001:db8:5:7::1'));
});
