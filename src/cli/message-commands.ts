import { Command } from 'commander';
import { sendMessageParser } from '../api/requests/index.js';
import type { JsonValue } from '../common/json.js';
import { findLiveObject } from '../database/devices/google-objects.js';
import { findPassBySerialNumber } from '../database/passes/pass-lookup.js';
import { findTenantOfPass } from '../database/passes/pass-lookup.js';
import { findPassView } from '../database/passes/pass-view.js';
import { getPassTypeVersion } from '../database/tenants/pass-types.js';
import { getTenant } from '../database/tenants/tenants.js';
import { readLocalized } from './assignments.js';
import type { CliContext } from './context.js';
import { messagePreviewText, previewMessage } from '../previews/message-preview.js';

interface MessageOptions {
  message: string;
  title?: string;
  link?: string;
  class?: string;
  validUntil?: string;
  validFor?: string;
  notBefore?: string;
  json: boolean;
}

/** What a flow would post with these options. */
function bodyOf(options: MessageOptions): Record<string, JsonValue> {
  const { message, title, json: _json, ...rest } = options;
  return {
    ...rest,
    message: readLocalized(message, 'message'),
    ...(title !== undefined && { title: readLocalized(title, 'title') }),
  };
}

async function preview(context: CliContext, serialNumber: string, options: MessageOptions): Promise<void> {
  const database = context.database();
  const tenantId = await findTenantOfPass(database.system, serialNumber);
  const sql = database.tenant(tenantId ?? '');
  const view = tenantId && (await findPassView(sql, serialNumber));
  const pass = tenantId && (await findPassBySerialNumber(sql, serialNumber));
  if (!view || !pass) throw new Error(`There is no pass with the serial number ${serialNumber}.`);
  const [tenant, type, live] = await Promise.all([
    getTenant(sql),
    getPassTypeVersion(sql, view.pass_type_id, view.pass_type_version),
    findLiveObject(sql, pass.pass_id),
  ]);
  const { settings } = tenant!;
  const now = new Date();
  const parse = sendMessageParser({ zone: settings.timeZone ?? 'UTC', now, named: true });
  const parsed = parse(bodyOf(options));
  const { out } = context;
  if (!parsed.ok) {
    const lines = parsed.problems.map(({ pointer, message, cure }) => `  ${pointer}: ${message}; ${cure}`);
    throw new Error(['The message would be refused:', ...lines].join('\n'));
  }
  const input = {
    command: parsed.command,
    pass,
    design: type!.design,
    language: settings.language,
    appleDevices: view.apple_devices,
    google: live ? { notifiedAtMs: live.notified_at.map((at) => at.getTime()) } : null,
    nowMs: now.getTime(),
  };
  const shown = previewMessage(input);
  if (options.json) return out(JSON.stringify({ ...shown, warnings: parsed.warnings }, null, 2));
  for (const { pointer, message } of parsed.warnings) out(`Note: ${pointer}: ${message}`);
  out(messagePreviewText(shown, input));
}

/** `passrelay message preview` */
export function messageCommands(context: () => CliContext): Command {
  const message = new Command('message').description('Messages to passes');
  message
    .command('preview <serialNumber>')
    .description('check a message, and show what both wallets would show of it; nothing is written or sent')
    // A serial number may begin with "-": neither -h nor a check of options may take it for one.
    .helpOption('--help')
    .allowUnknownOption()
    .allowExcessArguments(false)
    .requiredOption('--message <text>', 'the text, or JSON of language to text')
    .option('--title <text>', 'above the message, the same way')
    .option('--link <address>', 'an https address')
    .option('--class <class>', 'service or marketing')
    .option('--valid-until <time>', 'when it ends by itself')
    .option('--valid-for <length>', 'instead: how long it stays, such as "3 days"')
    .option('--not-before <time>', 'not sent before this time')
    .option('--json', 'print JSON', false)
    .action((serialNumber: string, options: MessageOptions) => preview(context(), serialNumber, options));
  return message;
}
