import { setTimeout as pause } from 'node:timers/promises';
import type { z } from 'zod';
import type { endpointView } from '../api/routes/present-webhook.js';
import type { MerchantEvent } from '../merchants/events.js';
import type { MerchantSimulator } from '../simulators/merchant/merchant.js';
import type { ApiCalls } from './api-calls.js';

/** Tells our endpoint from those that somebody registered while trying the demo. */
const PATH = '/webhooks/demo-merchant';
const TOLD_MS = 20_000;

type Endpoint = z.output<typeof endpointView>;

const isOurs = ({ url }: Endpoint): boolean => {
  const { hostname, pathname } = new URL(url);
  return hostname === '127.0.0.1' && pathname === PATH;
};

/**
 * Registers the simulated merchant with the API as any merchant would, and hands it the secret of its endpoint. A later
 * start finds the endpoint of the one before and leads it to the new port, with a new secret. Returns its address.
 */
export async function registerMerchant({ asAdmin }: ApiCalls, tenantId: string, merchant: MerchantSimulator) {
  const path = `/api/${tenantId}/webhook-endpoints`;
  const url = `${merchant.controlUrl}${PATH}`;
  const { endpoints } = await asAdmin<{ endpoints: Endpoint[] }>('GET', path);
  const known = endpoints.find(isOurs);
  if (!known) {
    const { secret } = await asAdmin<{ secret: string }>('POST', path, { url });
    merchant.useSecrets(secret);
    return url;
  }
  // In this order what an earlier start left over arrives with a signature that the merchant knows.
  const one = `${path}/${known.id}`;
  const { secret } = await asAdmin<{ secret: string }>('POST', `${one}/rotate`, { oldSecretValidHours: 0 });
  merchant.useSecrets(secret);
  await asAdmin('PATCH', one, { url });
  await asAdmin('POST', `${one}/enable`);
  return url;
}

/** Waits until the merchant took an event whose signature it verified; throws an Error when none came. */
export async function untilTold(
  merchant: MerchantSimulator,
  type: MerchantEvent['type'],
  about: { serialNumber?: string; operationId?: string },
): Promise<MerchantEvent> {
  const deadline = Date.now() + TOLD_MS;
  for (;;) {
    const taken = merchant.deliveries.filter(({ fault, status }) => fault === undefined && status === 200);
    const event = taken
      .map(({ payload }) => payload as MerchantEvent)
      .find(
        (one) =>
          one.type === type &&
          (about.serialNumber === undefined || one.data.serialNumber === about.serialNumber) &&
          (about.operationId === undefined || one.data.operationId === about.operationId),
      );
    if (event) return event;
    if (Date.now() > deadline) {
      const faults = merchant.deliveries.flatMap(({ fault }) => fault ?? []);
      const why = faults.length > 0 ? `: ${faults.at(-1)}` : '';
      throw new Error(`the event ${type} did not reach the merchant in ${TOLD_MS / 1000} s${why}`);
    }
    await pause(25);
  }
}
