import { isTimeZone } from '../common/zoned-time.js';

/** Properties of a customer that may name their time zone, as Klaviyo and shops call it; the first that is there counts. */
export const ZONE_PROPERTIES = ['timezone', 'timeZone', 'time_zone'] as const;

/** The zone of a customer, where a profile sync brought one; else the tenant's, else UTC. */
export function zoneOf(customer: unknown, tenant: string | null): string {
  if (typeof customer === 'string' && isTimeZone(customer)) return customer;
  return tenant ?? 'UTC';
}
