import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.process>;

/** A network as `10.0.0.0/8` or `2001:db8::/32`; a single address is a network of its own. */
export interface Network {
  text: string;
  range: [Address, number];
}

/** Reads networks that are separated by commas; throws an Error that names the first one that is none. */
export function parseNetworks(text: string): Network[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      try {
        const address = part.includes('/') ? null : ipaddr.process(part);
        return { text: part, range: address ? [address, address.toByteArray().length * 8] : ipaddr.parseCIDR(part) };
      } catch {
        throw new Error(`"${part.slice(0, 64)}" is no address and no network; write them as 10.0.0.7, 10.0.0.0/8`);
      }
    });
}

/** The address in a text of a socket or a proxy, with or without a port; an IPv4 address in an IPv6 one is IPv4. */
export function readAddress(text: string): Address | undefined {
  const bare = /^\[([^\]]{1,64})\]/.exec(text)?.[1] ?? /^([\d.]{7,15}):\d{1,5}$/.exec(text)?.[1] ?? text;
  return bare.length <= 64 && ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

/** Whether an address is in one of the networks. */
export const isInside = (address: Address, networks: readonly Network[]): boolean =>
  networks.some(({ range: [base, bits] }) => address.kind() === base.kind() && address.match(base, bits));

const IPV6_NETWORK_BYTES = 8;

/** As a network is handed out to one household or machine: an IPv4 address, and the /64 of an IPv6 one. */
export function neighbourhood(address: Address): string {
  if (address.kind() === 'ipv4') return address.toString();
  return `${Buffer.from(address.toByteArray().slice(0, IPV6_NETWORK_BYTES)).toString('hex')}::/64`;
}
