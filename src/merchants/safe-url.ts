import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Environment } from '../common/environment.js';
import { PermanentError } from '../common/errors.js';

/** `public`: https to public addresses only. `development`: http and this machine's own loopback addresses too. */
export type Reach = 'public' | 'development';

/** A tenant under development reaches this machine, unless the installation is production, where nobody may. */
export const webhookReach = (tenant: Environment, installation: Environment): Reach =>
  tenant === 'development' && installation !== 'production' ? 'development' : 'public';

const FORBIDDEN_V4: [network: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Azure's wire server: metadata and keys of the machine, at a public address.
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const forbidden = new BlockList();
for (const [network, prefix] of FORBIDDEN_V4) forbidden.addSubnet(network, prefix, 'ipv4');
// Inside the global range, yet ways to other networks: protocol assignments with Teredo, documentation, 6to4.
forbidden.addSubnet('2001::', 23, 'ipv6');
forbidden.addSubnet('2001:db8::', 32, 'ipv6');
forbidden.addSubnet('2002::', 16, 'ipv6');
forbidden.addSubnet('2620:4f:8000::', 48, 'ipv6');
forbidden.addSubnet('3fff::', 20, 'ipv6');
/** Everything else in IPv6 is loopback, link-local, unique local, multicast, or an IPv4 address in disguise. */
const globalV6 = new BlockList();
globalV6.addSubnet('2000::', 3, 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a webhook may go to this address: no private, loopback, link-local (metadata) or reserved one. */
export function isAllowedAddress(address: string, reach: Reach): boolean {
  const bare = address.split('%')[0]!;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  const ip = mapped ?? bare;
  const family = isIP(ip);
  if (family === 0) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (reach === 'development' && loopback.check(ip, type)) return true;
  if (type === 'ipv6' && !globalV6.check(ip, type)) return false;
  return !forbidden.check(ip, type);
}

/** Of services that are no web servers, as browsers refuse them (Fetch Standard, "bad port"), from 1024 on. */
const BAD_PORTS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);
/** Of databases, brokers and controllers of machines, many of which speak HTTP: none of them takes webhooks. */
const INSIDE_PORTS = new Set([
  1433, 1521, 1883, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5671, 5672, 5900, 5984, 5985, 5986, 6379, 6443,
  7233, 8086, 8500, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672, 27017, 27018, 27019,
]);
const isWebPort = (port: string): boolean =>
  port === '' ||
  port === '443' ||
  (Number(port) >= 1024 && !BAD_PORTS.has(Number(port)) && !INSIDE_PORTS.has(Number(port)));
/** Kept by ICANN and the IETF for networks of one's own: no public machine has such a name. */
const LOCAL_NAMES = /(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa)$/;

/** The URL, if webhooks may go there as far as its text shows; PermanentError `unsafe-url` with the cure otherwise. */
export function checkWebhookUrl(text: string, reach: Reach): URL {
  const refuse = (message: string): never => {
    throw new PermanentError('unsafe-url', message);
  };
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse('The address is not a URL: write it as https://host/path.');
  }
  if (url.protocol !== 'https:' && !(reach === 'development' && url.protocol === 'http:')) {
    refuse('The address must begin with https://.');
  }
  if (url.username !== '' || url.password !== '') refuse('The address must not hold a user name or password.');
  if (reach !== 'development' && !isWebPort(url.port)) {
    refuse(`The port ${url.port} belongs to another service: webhooks go to 443, or to a web server from 1024 on.`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const name = host.replace(/\.$/, '').toLowerCase();
  if (isIP(host) !== 0 && !isAllowedAddress(host, reach)) {
    refuse('The address is private, local or reserved: webhooks go to public addresses only.');
  }
  if (reach !== 'development' && (LOCAL_NAMES.test(name) || !/[.:]/.test(name))) {
    refuse('The address names a machine of the local network: webhooks go to public addresses only.');
  }
  return url;
}

/** Thrown by the lookup and at connect time; its code is what the delivery log shows. */
export class UnsafeAddress extends Error {
  override readonly name = 'UnsafeAddress';
  readonly code = 'unsafe-address';
  constructor() {
    super('The host resolves to a private, local or reserved address.');
  }
}

/**
 * A lookup for sockets that refuses a host with any forbidden address. The socket connects to what was checked here, so
 * that a second answer of the DNS makes no difference.
 */
export function guardedLookup(reach: Reach, resolve: typeof systemLookup = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      if (addresses.length === 0 || addresses.some(({ address }) => !isAllowedAddress(address, reach))) {
        return callback(new UnsafeAddress(), '', 0);
      }
      const [first] = addresses;
      return options.all ? callback(null, addresses) : callback(null, first!.address, first!.family);
    });
  };
}
