import { Command } from 'commander';
import { listCertificates } from '../database/tenants/certificates.js';
import { listPassTypes } from '../database/tenants/pass-types.js';
import { listSecretNames } from '../database/secrets.js';
import { getTenant, listTenants } from '../database/tenants/tenants.js';
import { applyTenantFolder } from '../tenants/apply-folder.js';
import { designWarnings, validateTenantFolder } from '../tenants/check-folder.js';
import { checkStoredDesigns } from '../tenants/check-stored-designs.js';
import { folderNotes } from '../tenants/folder-notes.js';
import { describeProblem, TenantFolderError } from '../tenants/folder-problem.js';
import type { CliContext } from './context.js';
import { deleteTenantCommand } from './delete-tenant-command.js';
import { makeTenantFolder } from '../tenants/new-folder.js';
import { tenantFile } from '../tenants/tenant-file.js';
import { migrateCommand } from './migrate-command.js';

const day = (date: Date): string => date.toISOString().slice(0, 10);

/** `passrelay tenant new|apply|validate|check|show|list|migrate|delete` */
export function tenantCommands(context: () => CliContext): Command {
  const tenant = new Command('tenant').description('Tenants as folders');
  tenant
    .command('new <tenantId>')
    .description('make a small tenant folder to begin with; it lacks only your certificate')
    .option('--name <name>', 'the name of the brand')
    .option('--to <folder>', 'where; default: tenants/<tenantId>')
    .action((tenantId: string, { name, to }: { name?: string; to?: string }) => {
      const { out } = context();
      const id = tenantFile.shape.tenantId.safeParse(tenantId);
      if (!id.success) throw new Error(`"${tenantId}" is no tenant id: ${id.error.issues[0]!.message}.`);
      const folder = to ?? `tenants/${tenantId}`;
      const files = makeTenantFolder({ tenantId, folder, ...(name !== undefined && { name }) });
      for (const file of files) out(`${folder}/${file}`);
      out('');
      out('Next ("node bin/passrelay.js" where "passrelay" is not on the PATH):');
      out(
        '1. pass-types/card.json: your texts, fields and colours; put your icon and logo in place of the plain ones.',
      );
      out(`2. See it:    passrelay pass-type preview ${folder}`);
      out(`3. Check it:  passrelay tenant validate ${folder}`);
      out("4. Apple's certificate: passrelay certificates import-p12 --help. Its pass type id goes into card.json.");
      out(`5. Store it:  passrelay tenant apply ${folder}`);
      out(`6. A key:     passrelay keys create ${tenantId} klaviyo --scope KlaviyoListener.Write Pass.Write`);
    });
  tenant
    .command('validate <folder>')
    .description('check a folder without storing anything')
    .option('--json', 'print JSON: problems and warnings with file, path, message and cure', false)
    .action(async (folder: string, { json }: { json: boolean }) => {
      const { folder: read, problems } = await validateTenantFolder(folder, {
        now: Date.now,
        environment: context().env,
      });
      if (json) {
        const warnings = designWarnings(read);
        context().out(JSON.stringify({ sound: problems.length === 0, problems, warnings }, null, 2));
        if (problems.length > 0) throw new Error(`${folder} is not sound: see "problems".`);
        return;
      }
      for (const note of folderNotes(read, { now: Date.now })) context().out(`Note: ${note}`);
      if (problems.length > 0) throw new TenantFolderError(folder, problems);
      context().out(`${folder} is sound.`);
    });
  tenant
    .command('check <tenantId>')
    .description('check the stored designs by the rules of this version; they stay usable')
    .option('--json', 'print JSON', false)
    .action(async (tenantId: string, { json }: { json: boolean }) => {
      const { database, out } = context();
      const sql = database().tenant(tenantId);
      if (!(await getTenant(sql))) {
        throw new Error(`There is no tenant "${tenantId}": see "passrelay tenant list".`);
      }
      const problems = await checkStoredDesigns(sql);
      if (json) return out(JSON.stringify({ tenantId, problems }, null, 2));
      for (const problem of problems) {
        out(`${problem.severity === 'warning' ? 'Note: ' : ''}${describeProblem(problem)}`);
      }
      const faults = problems.filter(({ severity }) => severity === undefined).length;
      out(
        faults === 0
          ? `The stored designs of "${tenantId}" are sound.`
          : `${faults} of these would be refused now. The designs stay usable as they are; correct them before you apply them again.`,
      );
    });
  tenant
    .command('apply <folder>')
    .description('check a folder and store it; unchanged pass types keep their version')
    .action(async (folder: string) => {
      const { database, secretBox, out, env } = context();
      const applied = await applyTenantFolder(database(), secretBox(), folder, { now: Date.now, environment: env });
      for (const { name, passTypeId, version, published } of applied.versions) {
        out(`${name} (${passTypeId}): version ${version}${published ? ', new' : ''}`);
      }
      for (const note of applied.notes) out(`Note: ${note}`);
      out(`Tenant "${applied.tenantId}": ${applied.changed.join(', ') || 'nothing'} changed.`);
    });
  tenant
    .command('list')
    .description('all tenants')
    .action(async () => {
      const { database, out } = context();
      for (const { tenantId, accountId, environment, name } of await listTenants(database().system)) {
        out(`${tenantId}  ${accountId}  ${environment}  ${name}`);
      }
    });
  tenant
    .command('show <tenantId>')
    .description('settings, pass types, certificates and names of secrets, as JSON')
    .action(async (tenantId: string) => {
      const { database, out } = context();
      const sql = database().tenant(tenantId);
      const found = await getTenant(sql);
      if (!found) throw new Error(`There is no tenant "${tenantId}": see "passrelay tenant list".`);
      const passTypes = (await listPassTypes(sql)).map(({ design, version }) => ({
        name: design.name,
        id: design.id,
        version,
        fields: design.fields.map(({ apiFieldName, type }) => `${apiFieldName}: ${type}`),
      }));
      const certificates = (await listCertificates(sql)).map((certificate) => ({
        passTypeIdentifier: certificate.passTypeIdentifier,
        teamIdentifier: certificate.teamIdentifier,
        from: day(certificate.notBefore),
        until: day(certificate.notAfter),
        active: certificate.active,
      }));
      const secrets = (await listSecretNames(sql)).map(({ name }) => name);
      out(JSON.stringify({ ...found, passTypes, certificates, secrets }, null, 2));
    });
  migrateCommand(tenant, context);
  deleteTenantCommand(tenant, context);
  return tenant;
}
