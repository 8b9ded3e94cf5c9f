import type { DemoCertificates } from '../../src/tenants/demo-certificates.js';
import { startApnsSimulator, type ApnsSimulator } from '../../src/simulators/apns/apns.js';
import { startGoogleWalletSimulator, type GoogleWalletSimulator } from '../../src/simulators/google/wallet.js';
import { startKlaviyoSimulator, type KlaviyoSimulator } from '../../src/simulators/klaviyo/klaviyo.js';
import { startMerchantSimulator, type MerchantSimulator } from '../../src/simulators/merchant/merchant.js';

export const KLAVIYO_KEY = 'pk_chaos';
/** More than any run asks for: such a fault holds until it is cleared. */
const ENDLESS = 1_000_000;
const SLOW_MS = 3_000;

export interface Providers {
  readonly apns: ApnsSimulator;
  readonly google: GoogleWalletSimulator;
  readonly klaviyo: KlaviyoSimulator;
  readonly merchant: MerchantSimulator;
  /** Where the product's processes find them. */
  readonly env: Record<string, string>;
  down(): void;
  slow(): void;
  /** The next calls take effect and their answers are lost. */
  loseAnswers(count: number): void;
  well(): void;
  stop(): Promise<void>;
}

/** Stand-ins for everything outside, with their published limits on, and the switches that harm all of them at once. */
export async function startProviders(certificates: DemoCertificates): Promise<Providers> {
  const klaviyo = await startKlaviyoSimulator({ accounts: [{ apiKey: KLAVIYO_KEY }] });
  const google = await startGoogleWalletSimulator({ serviceAccounts: [certificates.googleServiceAccount] });
  const merchant = await startMerchantSimulator({});
  const apns = await startApnsSimulator({
    serverCertificatePem: certificates.apnsServer.certificatePem,
    serverKeyPem: certificates.apnsServer.privateKeyPem,
    clientCaPem: certificates.authorityPem,
  });
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
    env: {
      APNS_URL: apns.url,
      APNS_CA_FILE: certificates.authorityFile,
      GOOGLE_WALLET_API_URL: google.apiUrl,
      GOOGLE_TOKEN_URL: google.tokenUrl,
      GOOGLE_SAVE_URL: google.saveUrl,
      GOOGLE_CALLBACK_KEYS_URL: google.callbackKeysUrl,
      KLAVIYO_API_URL: klaviyo.url,
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
    async stop() {
      await Promise.all([klaviyo.close(), google.stop(), merchant.stop(), apns.stop()]);
    },
  };
}
