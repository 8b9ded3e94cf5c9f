import type { DemoConfig } from '../config.js';
import { connectDatabase } from '../database/connect.js';
import { createSecretBox, type SecretKey } from '../database/secrets.js';
import { demoSecretsKeyFile, ensureDemoSecretsKey } from '../tenants/demo-secrets-key.js';
import { ensureDemoTenant, type DemoTenant } from '../tenants/demo-tenant.js';
import { SIMULATED_KLAVIYO_KEY } from './simulators.js';

/** The key of the settings, or the one in the data folder; throws an Error with the cure when that one is damaged. */
export async function demoSecretKeys(config: DemoConfig, folder: string): Promise<SecretKey[]> {
  if (config.secretKeys) return config.secretKeys;
  return ensureDemoSecretsKey(folder).catch((cause: Error) => {
    throw new Error(
      `The key in ${demoSecretsKeyFile(folder)} cannot be used: ${cause.message}. ` +
        'Put the right one back, or begin anew with another data folder (PASSRELAY_DATA_DIR).',
      { cause },
    );
  });
}

/** Makes or finds the demo's tenant; throws an Error with the cure when another data folder made it. */
export async function prepareTenant(
  config: DemoConfig,
  databaseUrl: string,
  secretKeys: SecretKey[],
  folder: string,
): Promise<DemoTenant> {
  const database = connectDatabase({ url: databaseUrl, poolMax: 2, applicationName: 'passrelay-demo' });
  try {
    return await ensureDemoTenant({
      database,
      secretBox: createSecretBox({ keys: secretKeys }),
      dataDir: folder,
      now: Date.now,
      ...(config.klaviyoApiUrl === null && { klaviyoApiKey: SIMULATED_KLAVIYO_KEY }),
    });
  } catch (cause) {
    if (!['secret-key-missing', 'secret-unreadable'].includes((cause as { code?: string }).code ?? '')) throw cause;
    throw new Error(
      'The demo tenant of this database was made with another key than the one of this data folder: ' +
        (cause as Error).message +
        '. Start with the data folder that made it (PASSRELAY_DATA_DIR), or with an empty database.',
      { cause },
    );
  } finally {
    await database.close();
  }
}
