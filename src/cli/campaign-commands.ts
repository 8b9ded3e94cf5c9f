import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { isDestructive } from '../passes/campaign.js';
import { stateInWords } from '../pages/campaign-words.js';
import { momentInWords } from '../pages/clock.js';
import {
  findCampaign,
  listCampaigns,
  moveCampaign,
  type CampaignCommand,
  type CampaignRow,
} from '../database/campaigns/campaigns.js';
import { countRows } from '../database/campaigns/progress.js';
import type { Sql } from '../database/connect.js';
import { SCOPES } from '../common/scopes.js';
import { writeResults } from '../api/routes/campaign-files.js';
import { sampleCampaign } from '../api/routes/campaign-samples.js';
import { presentCampaignDetail } from '../api/routes/present-campaign.js';
import { getTenant } from '../database/tenants/tenants.js';
import { makeCampaign, uploadFile, type MakeOptions } from './make-campaign.js';
import type { CliContext } from './context.js';

const FOLLOW_MS = 1_000;
const LISTED = 50;
const MOVING = ['preparing', 'running'];

/** When it goes on, and when it is expected to be through, in the tenant's zone. */
async function timesOf(sql: Sql, row: CampaignRow): Promise<{ waitsUntil: string | null; said: string }> {
  const timeZone = (await getTenant(sql))?.settings.timeZone ?? 'UTC';
  const clock = { now: Date.now(), timeZone };
  const { progress } = await presentCampaignDetail(sql, row, { nowMs: clock.now, zone: timeZone });
  const { waitsUntil, expectedEnd, accepted } = progress;
  const timeOf = (at: string): string => momentInWords(clock, Date.parse(at));
  const word = row.state === 'ready' ? 'started now, it begins' : accepted === 0 ? 'it begins' : 'it goes on';
  const said = [
    ...(waitsUntil === null ? [] : [`${word} at ${timeOf(waitsUntil)}`]),
    ...(expectedEnd === null ? [] : [`the end is expected at ${timeOf(expectedEnd)}`]),
  ];
  return { waitsUntil, said: said.map((one) => `; ${one}`).join('') };
}

async function describe(sql: Sql, campaignId: string): Promise<{ line: string; state: string }> {
  const row = await findCampaign(sql, campaignId);
  if (!row) throw new Error(`There is no campaign ${campaignId}: see "passrelay campaign list ${sql.tenantId}".`);
  const counted = await countRows(sql, campaignId);
  const by = new Map<string, number>();
  for (const { state, outcome, rows } of counted) {
    const name = state === 'done' ? (outcome ?? 'done') : state;
    by.set(name, (by.get(name) ?? 0) + rows);
  }
  const figures = [...by].map(([name, rows]) => `${rows} ${name}`).join(', ') || 'no rows yet';
  const { waitsUntil, said } = await timesOf(sql, row);
  const word = stateInWords(row.definition.schedule, row.state, row.started_at, waitsUntil);
  return { state: row.state, line: `${word}${row.reason ? ` (${row.reason})` : ''}: ${figures}${said}` };
}

/** What the dry run found, and what lock screens would say. */
async function tellDryRun({ database, out }: CliContext, tenantId: string, campaignId: string): Promise<void> {
  const db = database().tenant(tenantId);
  for (; ; await pause(FOLLOW_MS)) {
    const { line, state } = await describe(db, campaignId);
    if (state === 'preparing') continue;
    if (state !== 'ready') return out(line);
    break;
  }
  const row = (await findCampaign(db, campaignId))!;
  const tenant = (await getTenant(db))!;
  const { rows, reach, heldBack, missing, warnings, expectedSeconds } = await presentCampaignDetail(db, row, {
    nowMs: Date.now(),
    zone: tenant.settings.timeZone ?? 'UTC',
  });
  const does = row.definition.action.type === 'void' ? 'voids the passes of' : 'reaches';
  const { said } = await timesOf(db, row);
  out(
    `Nothing has been sent. A start ${does} ${rows.waiting} of ${rows.all} rows in about ${expectedSeconds ?? 0} s${said}.`,
  );
  out(
    `Left out: ${rows.holdout} held out, ${rows.duplicates} duplicates, ${rows.unreached} without a pass, ${rows.refused} faulty.`,
  );
  if (reach)
    out(`On Apple ${reach.apple}, on Google ${reach.google}, on both ${reach.both}, on no phone ${reach.none}.`);
  if (heldBack) out(`Without consent ${heldBack.withoutConsent}, over the cap now ${heldBack.overCap}.`);
  for (const { source, name, rows: without } of missing ?? []) out(`Without a ${source} "${name}": ${without}.`);
  for (const { pointer, message, cure } of warnings) out(`Warning, ${pointer}: ${message}: ${cure}.`);
  const samples = await sampleCampaign({ database: database(), now: Date.now }, { tenant, scopes: SCOPES }, row);
  for (const { serialNumber, apple, google, problem } of samples) {
    out(`${serialNumber}:`);
    if (apple) out(`  iPhone: ${apple.lockScreen ?? 'says nothing'}${apple.note ? ` (${apple.note})` : ''}`);
    if (google) out(`  Google Wallet: ${google.notifies ? google.note : `says nothing, ${google.note}`}`);
    if (problem) out(`  ${problem}`);
  }
  const yes = isDestructive(row.definition.action) ? ' --yes' : '';
  out(`To start it: passrelay campaign start ${tenantId} ${campaignId}${yes}`);
}

/** The commands that make a campaign and read its results. */
function addMaking(campaign: Command, context: () => CliContext): void {
  const db = (tenantId: string) => context().database().tenant(tenantId);
  campaign
    .command('create <tenantId>')
    .description('make one; its dry run begins, nothing is sent')
    .option('--file <json>', 'the whole as POST …/campaigns takes it, instead of the options below')
    .option('--name <name>', 'for people')
    .option('--segment <id>', 'audience: a segment in Klaviyo')
    .option('--list <id>', 'audience: a list in Klaviyo')
    .option('--csv <file>', 'audience: a file, uploaded at once')
    .option('--pass-type <type...>', 'audience: passes of these types; without an audience: all active ones')
    .option('--installed-on <wallet>', 'audience: apple, google, any or none')
    .option('--message <text>', 'action: a message; takes {column:Name|…} and {property:name|…}')
    .option('--title <text>', 'of the message')
    .option('--link <address>', 'of the message')
    .option(
      '--set <field=value...>',
      'action: fields of an update, a conversion or an offer; field:=JSON for other JSON',
    )
    .option('--convert <passType>', 'action: change the pass type')
    .option('--offer-until <time>', 'action: lay --set over the pass until a time, or for a length such as "14 days"')
    .option('--void', 'action: void the pass')
    .option('--at <time>', 'not before this time')
    .option('--at-local <time>', "at this time on each customer's own clock")
    .option('--per-minute <n>', 'pace')
    .option('--hours <from-until>', 'hours of the day, such as 09:00-20:00')
    .option('--holdout <percent>', 'share that is left out, to compare with')
    .option('--test', 'test passes only')
    .option('--confirm', 'start at once instead of waiting for campaign start')
    .action(async (tenantId: string, options: MakeOptions) => {
      await makeCampaign(db(tenantId), options, context().out);
    });
  campaign
    .command('upload <tenantId> <campaignId> <file>')
    .description('the CSV of a campaign: all or nothing; then its dry run begins')
    .action((tenantId: string, id: string, file: string) => uploadFile(db(tenantId), id, file, context().out));
  campaign
    .command('dry-run <tenantId> <campaignId>')
    .description('whom a start would reach, who is held back, and what lock screens would say')
    .action((tenantId: string, id: string) => tellDryRun(context(), tenantId, id));
  campaign
    .command('results <tenantId> <campaignId>')
    .description('what became of each row, as NDJSON')
    .option('--csv', 'as CSV, safe to open in a table program')
    .option('--refused', 'rows of the file that could not be read')
    .action(async (tenantId: string, id: string, options: { csv?: boolean; refused?: boolean }) => {
      await describe(db(tenantId), id);
      const which = { csv: options.csv ?? false, faulty: options.refused ?? false };
      for await (const lines of writeResults(db(tenantId), id, which)) context().out(lines.trimEnd());
    });
}

/** What takes passes out of use is not started by one word: the number of passes is said first. */
async function refuseDestructive(sql: Sql, campaignId: string): Promise<void> {
  const row = await findCampaign(sql, campaignId);
  if (row?.state !== 'ready' || !isDestructive(row.definition.action)) return;
  const counted = await countRows(sql, campaignId);
  const waiting = counted.reduce((sum, { state, rows }) => sum + (state === 'waiting' ? rows : 0), 0);
  throw new Error(`Nothing was started: this campaign voids ${waiting} passes. Add --yes if that is meant.`);
}

/** `passrelay campaign`: which there are, how far one is, and what its buttons do. */
export function campaignCommands(context: () => CliContext): Command {
  const campaign = new Command('campaign').description(
    'campaigns: create, upload, dry-run, start, pause, resume, cancel, show, results',
  );
  addMaking(campaign, context);
  campaign
    .command('list <tenantId>')
    .description('the newest campaigns')
    .action(async (tenantId: string) => {
      const { database, out } = context();
      const rows = await listCampaigns(database().tenant(tenantId), LISTED);
      if (rows.length === 0) out('There is no campaign.');
      for (const row of rows) {
        const word = stateInWords(row.definition.schedule, row.state, row.started_at);
        out(`${row.campaign_id}  ${word.padEnd(9)}  ${row.name}`);
      }
    });
  campaign
    .command('show <tenantId> <campaignId>')
    .description('state and figures of one')
    .option('--follow', 'tell how far it is until it stands still')
    .action(async (tenantId: string, campaignId: string, options: { follow?: boolean }) => {
      const { database, out } = context();
      const sql = database().tenant(tenantId);
      for (let last = ''; ; await pause(FOLLOW_MS)) {
        const { line, state } = await describe(sql, campaignId);
        if (line !== last) out(line);
        last = line;
        if (!options.follow || !MOVING.includes(state)) return;
      }
    });
  const commands: [Exclude<CampaignCommand, 'uploaded'>, string][] = [
    ['start', 'start what the dry run showed'],
    ['pause', 'hold back rows that have not begun'],
    ['resume', 'continue where a pause stopped it'],
    ['cancel', 'end it permanently; what was sent stays'],
  ];
  for (const [name, description] of commands) {
    const command = campaign.command(`${name} <tenantId> <campaignId>`).description(description);
    if (name === 'start') command.option('--yes', 'start one that voids passes, too');
    command.action(async (tenantId: string, campaignId: string, options: { yes?: boolean }) => {
      const { database, out } = context();
      const sql = database().tenant(tenantId);
      if (name === 'start' && !options.yes) await refuseDestructive(sql, campaignId);
      const moved = await moveCampaign(sql, campaignId, name);
      if (moved && !moved.moved) throw new Error(`The campaign is ${moved.state}: "${name}" is not possible.`);
      out((await describe(sql, campaignId)).line);
    });
  }
  return campaign;
}
