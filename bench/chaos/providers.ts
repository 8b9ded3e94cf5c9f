import type { DemoCertificates } from '../../src/tenants/demo-certificates.js';
import { startMerchantSimulator } from '../../src/simulators/merchant/merchant.js';
import { startOutside, type Outside } from '../outside.js';

/** More than any run asks for: such a fault holds until it is cleared. */
const ENDLESS = 1_000_000;
const SLOW_MS = 3_000;

export interface Providers extends Pick<Outside, 'apns' | 'google' | 'klaviyo' | 'merchant' | 'env' | 'stop'> {
  /** Of the tenant that shares nothing with the first one: it is never harmed. */
  readonly neighbourMerchant: Outside['merchant'];
  down(): void;
  slow(): void;
  /** The next calls take effect and their answers are lost. */
  loseAnswers(count: number): void;
  well(): void;
}

/** The simulators, and the switches that harm all of them at once. */
export async function startProviders(certificates: DemoCertificates, folder: string): Promise<Providers> {
  const { apns, google, klaviyo, merchant, env, stop } = await startOutside(certificates, folder);
  const neighbourMerchant = await startMerchantSimulator({});
  const well = (): void => {
    klaviyo.clearFaults();
    google.faults.clear();
    apns.fault({ kind: 'clear' });
    merchant.answerWith({});
  };
  return {
    apns,
    google,
    klaviyo,
    merchant,
    neighbourMerchant,
    env: { ...env, APNS_CA_FILE: certificates.authorityFile },
    async stop() {
      await Promise.all([stop(), neighbourMerchant.stop()]);
    },
    down() {
      klaviyo.setFault({ status: 503, times: ENDLESS });
      google.faults.add({ status: 503, times: ENDLESS });
      apns.fault({ kind: 'outage', on: true });
      merchant.answerWith({ status: 503 });
    },
    slow() {
      klaviyo.setFault({ delayMs: SLOW_MS, times: ENDLESS });
      google.faults.add({ delayMs: SLOW_MS, times: ENDLESS });
      apns.fault({ kind: 'slow', delayMs: SLOW_MS, count: ENDLESS });
      merchant.answerWith({ delayMs: SLOW_MS });
    },
    loseAnswers(count) {
      klaviyo.setFault({ dropResponse: true, times: count });
      google.faults.add({ loseAnswer: true, times: count });
      apns.fault({ kind: 'drop-connection', delivered: true, count });
      // An endpoint that took the event and then says nothing.
      merchant.answerWith({ silent: true, times: Math.ceil(count / 4) });
    },
    well,
  };
}
