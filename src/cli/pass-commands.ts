import { Command } from 'commander';
import { changedSince } from '../database/devices/google-object-changes.js';
import { findLiveObject } from '../database/devices/google-objects.js';
import { findTenantOfPass } from '../database/passes/pass-lookup.js';
import { findPassView } from '../database/passes/pass-view.js';
import { findPassType, getPassTypeVersion, offerDesign, listPassTypes } from '../database/tenants/pass-types.js';
import { getTenant } from '../database/tenants/tenants.js';
import { didYouMean } from '../common/nearest-name.js';
import { readAssignments } from './assignments.js';
import type { CliContext } from './context.js';
import { previewText, previewUpdate, type PreviewInput } from '../previews/pass-preview.js';

interface PreviewOptions {
  set: string[];
  type?: string;
  updateMetadata: boolean;
  json: boolean;
}

async function loadPreview(context: CliContext, serialNumber: string, options: PreviewOptions): Promise<PreviewInput> {
  const database = context.database();
  const tenantId = await findTenantOfPass(database.system, serialNumber);
  const sql = database.tenant(tenantId ?? '');
  const pass = tenantId && (await findPassView(sql, serialNumber));
  if (!tenantId || !pass) throw new Error(`There is no pass with the serial number ${serialNumber}.`);
  const tenant = (await getTenant(sql))!;
  const present = (await getPassTypeVersion(sql, pass.pass_type_id, pass.pass_type_version))!;
  const wanted = await findPassType(sql, options.type ?? pass.pass_type_id);
  if (!wanted) {
    const names = (await listPassTypes(sql)).map(({ design }) => design.name);
    throw new Error(`There is no pass type "${options.type}". ${didYouMean(options.type!, names)}`);
  }
  const converts = wanted.passTypeId !== pass.pass_type_id;
  const nextDesign = converts || options.updateMetadata ? wanted.design : present.design;
  const live = await findLiveObject(sql, pass.pass_id);
  const ref = { tenant_id: tenantId, pass_id: pass.pass_id };
  return {
    pass: {
      serialNumber,
      externalId: pass.external_id,
      state: pass.state,
      data: pass.data,
      visuals: pass.visuals,
      offers: pass.offers,
    },
    offerDesign: await offerDesign(sql, pass),
    design: present.design,
    nextDesign,
    converts,
    recomputes: options.updateMetadata,
    set: readAssignments(options.set),
    publicUrl: '',
    locale: tenant.settings,
    appleDevices: pass.apple_devices,
    google: live
      ? {
          notifiedAtMs: live.notified_at.map((at) => at.getTime()),
          waitingFields: await changedSince(sql, ref, live.synced_revision, pass.revision),
        }
      : null,
    nowMs: Date.now(),
  };
}

/** `passrelay pass preview` */
export function passCommands(context: () => CliContext): Command {
  const pass = new Command('pass').description('Passes of customers');
  pass
    .command('preview <serialNumber>')
    .description('what an update would change, and what phones would show; nothing is written or sent')
    // A serial number may begin with "-": neither -h nor a check of options may take it for one.
    .helpOption('--help')
    .allowUnknownOption()
    .allowExcessArguments(false)
    .option('--set <field=value...>', 'a value as in additionalData; field:=JSON for null and other JSON', [])
    .option('--type <passType>', 'convert the pass to this pass type (name or id)')
    .option('--update-metadata', 'recompute the visuals, from the newest version of the pass type', false)
    .option('--json', 'print JSON', false)
    .action(async (serialNumber: string, options: PreviewOptions) => {
      const input = await loadPreview(context(), serialNumber, options);
      const preview = previewUpdate(input);
      context().out(options.json ? JSON.stringify(preview, null, 2) : previewText(preview, input));
      if (preview.problems.length > 0) throw new Error('The values do not fit the pass type.');
    });
  return pass;
}
