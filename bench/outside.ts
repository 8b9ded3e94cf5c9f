import path from 'node:path';
import { parseDemoConfig } from '../src/config.js';
import { startSimulators, type Simulators } from '../src/demo/simulators.js';
import type { DemoCertificates } from '../src/tenants/demo-certificates.js';

/** The simulators of the demo, none of them left out. */
export interface Outside extends Simulators {
  klaviyo: NonNullable<Simulators['klaviyo']>;
  apns: NonNullable<Simulators['apns']>;
  google: NonNullable<Simulators['google']>;
  /** Where processes of the product find them. */
  env: Record<string, string>;
}

/** Starts a simulator for each provider and the merchant, with their published limits on. */
export async function startOutside(certificates: DemoCertificates, folder: string): Promise<Outside> {
  const started = await startSimulators(parseDemoConfig({}), certificates, path.join(folder, 'google-simulator.json'));
  const { klaviyo, apns, google, settings } = started;
  const env = {
    APNS_URL: settings.apnsUrl,
    GOOGLE_WALLET_API_URL: settings.googleWalletApiUrl,
    GOOGLE_TOKEN_URL: settings.googleTokenUrl!,
    GOOGLE_SAVE_URL: settings.googleSaveUrl,
    GOOGLE_CALLBACK_KEYS_URL: settings.googleCallbackKeysUrl,
    KLAVIYO_API_URL: settings.klaviyoApiUrl,
  };
  return { ...started, klaviyo: klaviyo!, apns: apns!, google: google!, env };
}
