import { z } from 'zod';
import { ACCOUNT_ID } from '../common/account-id.js';
import { ENVIRONMENTS } from '../common/environment.js';
import { tenantSettings } from '../passes/tenant-settings.js';

/** Where the parts of one Pass Type ID certificate lie, relative to the tenant's folder. */
export const certificateFiles = z.strictObject({
  certificateFile: z.string().min(1).describe('The Pass Type ID certificate, PEM'),
  privateKeyFile: z.string().min(1).describe('Its RSA private key, PEM'),
  passphraseEnv: z.string().min(1).optional().describe('Environment variable with the passphrase of an encrypted key'),
  teamIdentifier: z
    .string()
    .regex(/^[A-Z0-9]{10}$/, 'ten capital letters and digits')
    .optional()
    .describe('The Apple team that the certificate must belong to; unchecked where it is left out'),
  wwdrFile: z.string().min(1).describe("Apple's intermediate certificate (WWDR G4), PEM"),
});
export type CertificateFiles = z.infer<typeof certificateFiles>;

/** A tenant as its operator writes it (`tenant.json`). Secrets are in files or environment variables beside it, never in it. */
export const tenantFile = z.strictObject({
  $schema: z.string().optional(),
  tenantId: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-"'),
  accountId: z.string().regex(ACCOUNT_ID, 'aid_0x followed by lower-case hex digits'),
  name: z.string().min(1).max(100),
  environment: z
    .enum(ENVIRONMENTS)
    .default('development')
    .describe(
      'staging: everything is a test. development: webhooks may go to this machine, unless PASSRELAY_ENV is production',
    ),
  settings: tenantSettings.prefault({}),
  certificates: z.array(certificateFiles).max(20).default([]),
  googleServiceAccountFile: z.string().min(1).optional().describe("Google's service-account key, JSON"),
  klaviyoApiKeyFile: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the private Klaviyo API key and nothing else'),
  klaviyoApiKeyEnv: z.string().min(1).optional().describe('Environment variable with the private Klaviyo API key'),
});
export type TenantFile = z.infer<typeof tenantFile>;
