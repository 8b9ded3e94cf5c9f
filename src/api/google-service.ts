import { rememberFor } from '../common/remember.js';
import type { Database } from '../database/connect.js';
import { findLiveObject } from '../database/devices/google-objects.js';
import type { PassRow } from '../database/passes/passes.js';
import { isSecretTrouble, type SecretBox } from '../database/secret-box.js';
import { getSecret, SECRET_NAMES } from '../database/secrets.js';
import { getTenant } from '../database/tenants/tenants.js';
import type { ServiceAccount } from '../wallets/google/access-token.js';
import { createCallbackVerifier, type CallbackVerdict } from '../wallets/google/callback-signature.js';
import { googleSaveLink } from '../wallets/google/save-link.js';

/** The HTTP side of Google Wallet: links to save a pass, and what Google reports of saves and deletions. */
export interface GoogleService {
  /** The link that saves the pass, or undefined where it is not at Google. */
  saveLink(pass: PassRow): Promise<string | undefined>;
  /** Whether links to save can be signed now; false while the service account cannot be opened. */
  canSave(tenantId: string): Promise<boolean>;
  /** Throws TransientError if Google's keys cannot be fetched. */
  verifyCallback(tenantId: string, body: Buffer): Promise<CallbackVerdict>;
}

/** An issuer or a service account that was replaced counts after this time. */
const TENANT_MS = 60_000;

/** The issuer of tenants that have none, or do not exist: an answer must not tell which there are. */
const NOBODY = '0';

export function createGoogleService(options: {
  database: Database;
  secretBox: SecretBox;
  callbackKeysUrl: string;
  saveUrl: string;
  publicUrl: string;
  now: () => number;
}): GoogleService {
  const { database, secretBox, saveUrl, publicUrl, now } = options;
  const verifier = createCallbackVerifier({ keysUrl: options.callbackKeysUrl, now });
  const issuers = rememberFor({ ttlMs: TENANT_MS, now }, async (tenantId: string): Promise<string | null> => {
    const tenant = await getTenant(database.tenant(tenantId));
    return tenant?.settings.google.issuerId ?? null;
  });
  const accounts = rememberFor({ ttlMs: TENANT_MS, now }, async (tenantId: string): Promise<ServiceAccount | null> => {
    const secret = await getSecret(database.tenant(tenantId), SECRET_NAMES.googleServiceAccount, secretBox);
    return secret ? (JSON.parse(secret.toString('utf8')) as ServiceAccount) : null;
  });

  return {
    async saveLink(pass) {
      const object = await findLiveObject(database.tenant(pass.tenant_id), pass.pass_id);
      const serviceAccount = object && (await accounts(pass.tenant_id));
      if (!object || !serviceAccount) return undefined;
      return googleSaveLink({
        serviceAccount,
        objectType: object.object_type,
        objectId: object.object_id,
        origins: [new URL(publicUrl).origin],
        now,
        base: saveUrl,
      });
    },
    async canSave(tenantId) {
      try {
        return (await accounts(tenantId)) !== null;
      } catch (error) {
        if (isSecretTrouble(error)) return false;
        throw error;
      }
    },
    async verifyCallback(tenantId, body) {
      return verifier.verify({ body, issuerId: (await issuers(tenantId)) ?? NOBODY });
    },
  };
}
