import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { findCampaign, listCampaigns, moveCampaign, type CampaignCommand } from '../database/campaigns/campaigns.js';
import { countRows } from '../database/campaigns/progress.js';
import type { Sql } from '../database/connect.js';
import type { CliContext } from './context.js';

const FOLLOW_MS = 1_000;
const LISTED = 50;
const MOVING = ['preparing', 'running'];

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
  return { state: row.state, line: `${row.state}${row.reason ? ` (${row.reason})` : ''}: ${figures}` };
}

/** `passrelay campaign`: which there are, how far one is, and what its buttons do. */
export function campaignCommands(context: () => CliContext): Command {
  const campaign = new Command('campaign').description('campaigns: list, show, start, pause, resume, cancel');
  campaign
    .command('list <tenantId>')
    .description('the newest campaigns')
    .action(async (tenantId: string) => {
      const { database, out } = context();
      const rows = await listCampaigns(database().tenant(tenantId), LISTED);
      if (rows.length === 0) out('There is no campaign.');
      for (const row of rows) out(`${row.campaign_id}  ${row.state.padEnd(9)}  ${row.name}`);
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
    ['pause', 'hold what nobody has begun'],
    ['resume', 'go on where a pause stopped it'],
    ['cancel', 'end it for good; what was sent stays'],
  ];
  for (const [name, description] of commands) {
    campaign
      .command(`${name} <tenantId> <campaignId>`)
      .description(description)
      .action(async (tenantId: string, campaignId: string) => {
        const { database, out } = context();
        const sql = database().tenant(tenantId);
        const moved = await moveCampaign(sql, campaignId, name);
        if (moved && !moved.moved) throw new Error(`The campaign is ${moved.state}: "${name}" is not possible.`);
        out((await describe(sql, campaignId)).line);
      });
  }
  return campaign;
}
