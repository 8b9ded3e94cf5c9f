import { basename, resolve } from 'node:path';
import { PermanentError } from '../common/errors.js';
import { designWarnings } from './check-folder.js';
import { checkSigningCertificate } from '../wallets/apple/certificates.js';
import { loadCertificate } from './check-certificates.js';
import { settingNotes } from './check-settings.js';
import { describeProblem, type FolderProblem } from './folder-problem.js';
import type { TenantFolder } from './read-folder.js';

/** What a sound folder's author should know all the same, one line each: it keeps nothing from being applied. */
export function folderNotes(folder: TenantFolder, options: { now: () => number }): string[] {
  const notes: FolderProblem[] = [...designWarnings(folder), ...settingNotes(folder)];
  for (const texts of folder.certificates) {
    try {
      const certificate = loadCertificate(texts, options.now);
      const { passTypeIdentifier } = certificate;
      const found = checkSigningCertificate(certificate, { passTypeIdentifier, now: options.now });
      const warnings = found.filter(({ severity }) => severity === 'warning');
      notes.push(...warnings.map(({ message, cure }) => ({ file: 'tenant.json', path: texts.path, message, cure })));
    } catch (error) {
      // What cannot be read is a problem, and told as one.
      if (!(error instanceof PermanentError)) throw error;
    }
  }
  const name = basename(resolve(folder.root));
  if (folder.tenant && name !== folder.tenant.tenantId) {
    notes.push({
      file: 'tenant.json',
      path: '/tenantId',
      message: `the folder is named "${name}", the tenant "${folder.tenant.tenantId}": applying it changes that tenant.`,
      cure: 'give a copy a tenantId and an accountId of its own.',
    });
  }
  const google = folder.passTypes.find(({ design }) => design.google);
  if (google && folder.tenant?.settings.google.issuerId && folder.googleServiceAccount === null) {
    notes.push({
      file: 'tenant.json',
      path: '/googleServiceAccountFile',
      message: `${google.file} has a Google design, and no service account is named: unless one was applied before, passes do not reach Google.`,
      cure: 'name the JSON key of a service account that is a user of the issuer.',
    });
  }
  return notes.map(describeProblem);
}
