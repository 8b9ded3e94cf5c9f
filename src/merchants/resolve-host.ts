import type { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { guardedLookup, UnsafeAddress, type Reach } from './safe-url.js';

/** A name server that does not answer must not hold a registration up. */
const PATIENCE_MS = 2_000;

/** `unsafe`: some address is private, local or reserved. `unknown`: no such name. `unclear`: the DNS said neither. */
export type Resolved = 'ok' | 'unsafe' | 'unknown' | 'unclear';

/** Where a host leads today. It is checked again at each connection, since a name may lead elsewhere tomorrow. */
export function resolveHost(url: URL, reach: Reach, resolve?: typeof lookup): Promise<Resolved> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return Promise.resolve('ok');
  return new Promise((done) => {
    const timer = setTimeout(() => done('unclear'), PATIENCE_MS);
    guardedLookup(reach, resolve)(host, {}, (error) => {
      clearTimeout(timer);
      if (!error) return done('ok');
      if (error instanceof UnsafeAddress) return done('unsafe');
      done(error.code === 'ENOTFOUND' ? 'unknown' : 'unclear');
    });
  });
}
