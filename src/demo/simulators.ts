import { randomBytes } from 'node:crypto';
import { VARIABLES, type DemoConfig, type WorkerConfig } from '../config.js';
import { startApnsSimulator, type ApnsSimulator } from '../simulators/apns/apns.js';
import { startGoogleWalletSimulator, type GoogleWalletSimulator } from '../simulators/google/wallet.js';
import { startKlaviyoSimulator, type KlaviyoSimulator } from '../simulators/klaviyo/klaviyo.js';
import { startMerchantSimulator, type MerchantSimulator } from '../simulators/merchant/merchant.js';
import type { DemoCertificates } from '../tenants/demo-certificates.js';

/** The key with which the demo tenant calls the Klaviyo simulator. */
export const SIMULATED_KLAVIYO_KEY = 'pk_simulator';

type ProviderSettings = Pick<
  WorkerConfig,
  'apnsUrl' | 'apnsCaFile' | 'googleWalletApiUrl' | 'googleTokenUrl' | 'googleSaveUrl' | 'klaviyoApiUrl'
> & { googleCallbackKeysUrl: string };

export interface Simulators {
  /** Null: the settings name a real provider. */
  klaviyo: KlaviyoSimulator | null;
  apns: ApnsSimulator | null;
  google: GoogleWalletSimulator | null;
  merchant: MerchantSimulator;
  /** Where API and worker find each provider, simulated or real. */
  settings: ProviderSettings;
  stop(): Promise<void>;
}

/** Starts a stand-in for every outside system that the settings do not name. */
export async function startSimulators(
  config: DemoConfig,
  certificates: DemoCertificates,
  googleStateFile: string,
): Promise<Simulators> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.allSettled(stops.splice(0).map((one) => one()));
  };
  try {
    const klaviyo =
      config.klaviyoApiUrl === null
        ? await startKlaviyoSimulator({ accounts: [{ apiKey: SIMULATED_KLAVIYO_KEY }] })
        : null;
    if (klaviyo) stops.push(() => klaviyo.close());
    const apns =
      config.apnsUrl === null
        ? await startApnsSimulator({
            serverCertificatePem: certificates.apnsServer.certificatePem,
            serverKeyPem: certificates.apnsServer.privateKeyPem,
            clientCaPem: certificates.authorityPem,
          })
        : null;
    if (apns) stops.push(() => apns.stop());
    const google =
      config.googleWalletApiUrl === null
        ? await startGoogleWalletSimulator({
            serviceAccounts: [certificates.googleServiceAccount],
            stateFile: googleStateFile,
          })
        : null;
    if (google) stops.push(() => google.stop());
    const merchant = await startMerchantSimulator({ secret: `whsec_${randomBytes(32).toString('base64')}` });
    stops.push(() => merchant.stop());
    return {
      klaviyo,
      apns,
      google,
      merchant,
      settings: {
        klaviyoApiUrl: klaviyo?.url ?? config.klaviyoApiUrl!,
        apnsUrl: apns?.url ?? config.apnsUrl!,
        apnsCaFile: apns ? certificates.authorityFile : config.apnsCaFile,
        googleWalletApiUrl: google?.apiUrl ?? config.googleWalletApiUrl!,
        googleTokenUrl: config.googleTokenUrl ?? google?.tokenUrl ?? null,
        googleSaveUrl: config.googleSaveUrl ?? google?.saveUrl ?? VARIABLES.GOOGLE_SAVE_URL.parse(undefined),
        googleCallbackKeysUrl:
          config.googleCallbackKeysUrl ??
          google?.callbackKeysUrl ??
          VARIABLES.GOOGLE_CALLBACK_KEYS_URL.parse(undefined),
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
