import { randomBytes } from 'node:crypto';
import { putCertificate, retireOtherCertificates } from '../database/tenants/certificates.js';
import type { Database, Sql } from '../database/connect.js';
import { publishVersion, putImage } from '../database/tenants/pass-types.js';
import type { SecretBox } from '../database/secret-box.js';
import { getSecret, putSecret, SECRET_NAMES } from '../database/secrets.js';
import { getTenantByAccountId, putBadges, upsertTenant } from '../database/tenants/tenants.js';
import { PermanentError } from '../common/errors.js';
import type { Badge } from '../passes/wallet-badges.js';
import { fingerprintOf, loadCertificate } from './check-certificates.js';
import { checkStoredClasses } from './check-google-classes.js';
import { validateTenantFolder } from './check-folder.js';
import { folderNotes } from './folder-notes.js';
import { TenantFolderError } from './folder-problem.js';
import type { ReadOptions, TenantFolder } from './read-folder.js';

export interface AppliedTenant {
  tenantId: string;
  /** Every pass type of the folder with its current version, by name; `published` where this call made it. */
  versions: { name: string; passTypeId: string; version: number; published: boolean }[];
  /** What differs from before: `tenant`, `certificates`, `secrets`, `pass-types/<name>`; empty where nothing does. */
  changed: string[];
  /** What to know all the same: certificates that end soon, a service account that is missing. */
  notes: string[];
}

/**
 * Checks a tenant folder and stores it in one transaction: all of it or nothing. Applying the same folder twice changes
 * nothing. Pass types that are gone from the folder stay, because passes may have them; certificates that are gone stop
 * signing. Throws TenantFolderError with every problem where the folder is not sound.
 */
export async function applyTenantFolder(
  database: Database,
  secretBox: SecretBox,
  root: string,
  options: ReadOptions & { now: () => number },
): Promise<AppliedTenant> {
  const { folder, problems } = await validateTenantFolder(root, options);
  const { tenant } = folder;
  if (problems.length > 0 || !tenant) throw new TenantFolderError(root, problems);
  const { tenantId } = tenant;

  return database.tenant(tenantId).transaction(async (sql) => {
    const changed: string[] = [];
    await refuseForeignAccount(database, tenantId, tenant.accountId);
    if (await upsertTenant(sql, tenant)) changed.push('tenant');
    if (await putCertificates(sql, folder, tenantId, secretBox, options.now)) changed.push('certificates');
    if (await putSecrets(sql, folder, secretBox)) changed.push('secrets');
    if (await storeBadges(sql, folder)) changed.push('badges');
    const versions: AppliedTenant['versions'] = [];
    for (const { design, images } of folder.passTypes) {
      const digests: Record<string, string> = {};
      for (const [name, bytes] of images) digests[name] = await putImage(sql, bytes);
      const { version, changed: published } = await publishVersion(sql, design, digests);
      versions.push({ name: design.name, passTypeId: design.id, version, published });
      if (published) changed.push(`pass-types/${design.name}`);
    }
    const taken = await checkStoredClasses(sql, folder);
    if (taken.length > 0) throw new TenantFolderError(root, taken);
    return { tenantId, versions, changed, notes: folderNotes(folder, options) };
  });
}

async function storeBadges(sql: Sql, folder: TenantFolder): Promise<boolean> {
  const badges: Record<string, Badge> = {};
  for (const { name, type, bytes } of folder.badges) {
    badges[name] = { sha256: await putImage(sql, bytes), type };
  }
  return putBadges(sql, badges);
}

/** Row level security hides another tenant's row, but not the unique key on account ids: say it before PostgreSQL does. */
async function refuseForeignAccount(database: Database, tenantId: string, accountId: string): Promise<void> {
  const other = await getTenantByAccountId(database.system, accountId);
  if (other && other.tenantId !== tenantId) {
    throw new PermanentError(
      'account-id-taken',
      `account id ${accountId} belongs to tenant "${other.tenantId}": give this tenant another accountId in tenant.json`,
    );
  }
}

async function putCertificates(
  sql: Sql,
  folder: TenantFolder,
  tenantId: string,
  box: SecretBox,
  now: () => number,
): Promise<boolean> {
  let changed = false;
  const fingerprints: string[] = [];
  for (const texts of folder.certificates) {
    const certificate = loadCertificate(texts, now);
    const fingerprint = fingerprintOf(certificate);
    fingerprints.push(fingerprint);
    const material = {
      tenantId,
      fingerprint,
      passTypeIdentifier: certificate.passTypeIdentifier,
      teamIdentifier: certificate.teamIdentifier,
      certificatePem: certificate.leaf.toString(),
      wwdrPem: certificate.wwdr.toString(),
      // Without its own passphrase: it is sealed under SECRETS_KEY, and processes need no second secret.
      privateKeyPem: certificate.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
    };
    if (await putCertificate(sql, material, box)) changed = true;
  }
  return (await retireOtherCertificates(sql, fingerprints)) > 0 || changed;
}

async function putSecrets(sql: Sql, folder: TenantFolder, box: SecretBox): Promise<boolean> {
  let changed = false;
  const put = async (name: string, value: string | Buffer | null): Promise<void> => {
    if (value !== null && (await putSecret(sql, name, value, box))) changed = true;
  };
  await put(SECRET_NAMES.googleServiceAccount, folder.googleServiceAccount);
  await put(SECRET_NAMES.klaviyoApiKey, folder.klaviyoApiKey);
  // Once and for good: a new key would change the token of every pass, and phones would be locked out.
  if (!(await getSecret(sql, SECRET_NAMES.passTokenKey, box))) {
    await put(SECRET_NAMES.passTokenKey, randomBytes(32));
  }
  return changed;
}
