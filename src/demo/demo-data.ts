import type { DemoConfig } from '../config.js';
import { connectDatabase, type TenantSql } from '../database/connect.js';
import { findCustomer } from '../database/customers/customers.js';
import { mintLink } from '../database/customers/links.js';
import { createSecretBox, type SecretBox, type SecretKey } from '../database/secret-box.js';
import { getTenant } from '../database/tenants/tenants.js';
import { demoSecretsKeyFile, ensureDemoSecretsKey } from '../tenants/demo-secrets-key.js';
import { ensureDemoTenant, type DemoTenant } from '../tenants/demo-tenant.js';
import { ensureDemoGuests, type DemoGuest } from '../tenants/demo-customer.js';
import { SIMULATED_KLAVIYO_KEY } from './simulators.js';

/** The key of the settings, or the one in the data folder; throws an Error with the cure when that one is damaged. */
export async function demoSecretKeys(config: DemoConfig, folder: string): Promise<SecretKey[]> {
  if (config.secretKeys) return config.secretKeys;
  return ensureDemoSecretsKey(folder).catch((cause: Error) => {
    throw new Error(
      `The key in ${demoSecretsKeyFile(folder)} cannot be used: ${cause.message}. ` +
        'Put the right one back, or start over with another data folder (PASSRELAY_DATA_DIR).',
      { cause },
    );
  });
}

export interface PreparedTenant extends DemoTenant {
  /** Token of the personal link of the demo's customer; null where she was erased. */
  mailToken: string | null;
  /** Whether the demo has a key for its Klaviyo. */
  writesBack: boolean;
  /** Holders of cards without a name. */
  guests: DemoGuest[];
}

/** Klaviyo's own service knows no throw-away key; any other address is a stand-in, which may take it. */
const isKlaviyosOwn = (url: string): boolean => /(?:^|\.)klaviyo\.com$/.test(new URL(url).hostname);

/** The key of the demo tenant for the Klaviyo of the settings; null where only the account's owner can give one. */
export function demoKlaviyoKey({ klaviyoApiUrl, klaviyoApiKey }: DemoConfig): string | null {
  if (klaviyoApiUrl === null) return SIMULATED_KLAVIYO_KEY;
  return klaviyoApiKey ?? (isKlaviyosOwn(klaviyoApiUrl) ? null : SIMULATED_KLAVIYO_KEY);
}

async function mailTokenOf(sql: TenantSql, box: SecretBox, { tenantId, pass }: DemoTenant): Promise<string | null> {
  const [tenant, customer] = await Promise.all([getTenant(sql), findCustomer(sql, pass.identifiers.customerId)]);
  if (!tenant || !customer) return null;
  const settings = tenant.settings.links;
  return mintLink(sql, box, { tenantId, customerId: customer.customer_id, purpose: 'mail', settings, now: Date.now });
}

/** Makes or finds the demo's tenant; throws an Error with the cure when another data folder made it. */
export async function prepareTenant(
  config: DemoConfig,
  databaseUrl: string,
  secretKeys: SecretKey[],
  folder: string,
): Promise<PreparedTenant> {
  const database = connectDatabase({ url: databaseUrl, poolMax: 2, applicationName: 'passrelay-demo' });
  try {
    const secretBox = createSecretBox({ keys: secretKeys });
    const klaviyoApiKey = demoKlaviyoKey(config);
    const tenant = await ensureDemoTenant({
      database,
      secretBox,
      dataDir: folder,
      now: Date.now,
      ...(klaviyoApiKey !== null && { klaviyoApiKey }),
    });
    const mailToken = await mailTokenOf(database.tenant(tenant.tenantId), secretBox, tenant);
    const guests = await ensureDemoGuests(database.tenant(tenant.tenantId), config.apnsUrl === null);
    return { ...tenant, mailToken, writesBack: klaviyoApiKey !== null, guests };
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
