/** Attempts that one process makes at the same time for one tenant, and of these for one endpoint that fails. */
const OF_TENANT = 20;
const OF_FAILING_ENDPOINT = 4;

/** The slots that deliveries hold in this process. */
export interface DeliverySlots {
  /** Takes a slot, and returns what gives it back; null where none is free. */
  take(delivery: { tenantId: string; endpointId: string; failing: boolean }): (() => void) | null;
}

/** Keeps the endpoints of one tenant from holding all slots of a worker: each attempt may last as long as its time-out. */
export function createDeliverySlots(): DeliverySlots {
  const held = new Map<string, number>();
  const add = (key: string, change: number): void => {
    const now = (held.get(key) ?? 0) + change;
    if (now === 0) held.delete(key);
    else held.set(key, now);
  };
  return {
    take({ tenantId, endpointId, failing }) {
      const [ofTenant, ofEndpoint] = [`tenant/${tenantId}`, `endpoint/${endpointId}`];
      if ((held.get(ofTenant) ?? 0) >= OF_TENANT) return null;
      if (failing && (held.get(ofEndpoint) ?? 0) >= OF_FAILING_ENDPOINT) return null;
      add(ofTenant, 1);
      add(ofEndpoint, 1);
      return () => {
        add(ofTenant, -1);
        add(ofEndpoint, -1);
      };
    },
  };
}
