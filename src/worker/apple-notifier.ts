import type { Logger } from 'pino';
import type { AppleNotifier } from '../activities/deps.js';
import type { PushResult } from '../wallets/apple/apns-answers.js';
import { rememberFor } from '../common/remember.js';
import { listSigningMaterial, type SigningMaterial } from '../database/tenants/certificates.js';
import type { Database } from '../database/connect.js';
import type { SecretBox } from '../database/secret-box.js';
import { createApnsPool } from '../wallets/apple/push-client.js';

export interface AppleNotifierOptions {
  database: Database;
  secretBox: SecretBox;
  apnsUrl: string;
  /** Trusted instead of the system's authorities, for a simulator. */
  caPem?: string;
  now: () => number;
  log: Logger;
}

const PUSH_TIMEOUT_MS = 10_000;
/** A certificate that was added or taken out counts after this time. */
const CERTIFICATES_MS = 60_000;
/** Answers about the certificate and not about the push. */
const CERTIFICATE_REFUSED = new Set(['BadCertificate', 'TlsClientRefused']);

/**
 * Pushes with the newest certificate of the pass type, over one connection per certificate. While certificates are
 * rotated, an older valid one serves where Apple refuses the newest.
 */
export function createAppleNotifier(options: AppleNotifierOptions): AppleNotifier & { close(): Promise<void> } {
  const { database, secretBox, now, log } = options;
  const pool = createApnsPool({ url: options.apnsUrl, caPem: options.caPem, timeoutMs: PUSH_TIMEOUT_MS, now, log });
  const certificatesOf = rememberFor<SigningMaterial[]>({ ttlMs: CERTIFICATES_MS, now }, (name) => {
    const [tenantId, passTypeIdentifier] = JSON.parse(name) as [string, string];
    return listSigningMaterial(database.tenant(tenantId), passTypeIdentifier, secretBox, now);
  });

  return {
    async push({ tenantId, passTypeIdentifier, pushToken }) {
      let result: PushResult = { kind: 'transient', reason: 'NoCertificate' };
      for (const certificate of await certificatesOf(JSON.stringify([tenantId, passTypeIdentifier]))) {
        const { certificatePem, privateKeyPem, fingerprint } = certificate;
        result = await pool
          .client({ certificatePem, privateKeyPem })
          .push({ token: pushToken, topic: passTypeIdentifier });
        if (!('reason' in result && CERTIFICATE_REFUSED.has(result.reason))) return result;
        log.warn({ tenantId, passTypeIdentifier, fingerprint, reason: result.reason }, 'apple refuses a certificate');
      }
      return result;
    },
    close: () => pool.close(),
  };
}
