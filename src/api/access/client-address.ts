import type Koa from 'koa';
import type { Logger } from 'pino';
import { isInside, neighbourhood, readAddress, type Network } from '../../common/networks.js';

/** The reader's address, as throttling counts it. */
export type ClientAddress = (ctx: Koa.Context) => string;

/** A chain of more proxies than this is none of ours. */
const MOST_HOPS = 20;

/**
 * Reads addresses: that of the connection, and behind trusted proxies the one that the last of them names in
 * X-Forwarded-For. From anybody else the header is not believed, for anybody can write it.
 */
export function createClientAddress(deps: { trustedProxies: readonly Network[]; log: Logger }): ClientAddress {
  const { trustedProxies, log } = deps;
  let warned = false;

  function warn(near: string): void {
    if (warned) return;
    warned = true;
    log.warn(
      { proxy: near },
      'X-Forwarded-For came from a proxy that TRUSTED_PROXIES does not name: all its clients are throttled as one',
    );
  }

  return (ctx) => {
    const near = readAddress(ctx.req.socket.remoteAddress ?? '');
    if (!near) return 'unknown';
    const named = ctx.get('X-Forwarded-For').split(',').slice(-MOST_HOPS).reverse();
    if (named[0] !== '' && near.range() !== 'unicast' && !isInside(near, trustedProxies)) warn(near.toString());
    let address = near;
    for (const hop of named) {
      if (!isInside(address, trustedProxies)) break;
      const next = readAddress(hop.trim());
      if (!next) break;
      address = next;
    }
    return neighbourhood(address);
  };
}
