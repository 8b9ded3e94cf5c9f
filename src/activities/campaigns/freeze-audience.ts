import type { Sql, TenantSql } from '../../database/connect.js';
import { countMissing, countPage, NOTHING_COUNTED } from '../../database/campaigns/dry-run.js';
import {
  filterPasses,
  insertRows,
  loadReadRows,
  resolveRows,
  type AudiencePass,
  type ReadRow,
  type ResolvedRow,
} from '../../database/campaigns/audience.js';
import type { CampaignRow } from '../../database/campaigns/campaigns.js';
import { changeCampaign, lockCampaign } from '../../database/campaigns/slices.js';
import { choosePass } from '../../passes/choose-pass.js';
import { isHeldOut, rowValuesOf } from '../../passes/campaign.js';
import { localMoment } from '../../passes/campaign-schedule.js';
import { zoneOf } from '../../passes/customer-zone.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { StepInput } from '../deps.js';

/** The cursor where the whole audience has been read. */
export const ALL_READ = 'all-read';
const FILTER_PAGE = 2_000;
const RESOLVE_PAGE = 1_000;
const MEASURE_PAGE = 5_000;
/** An action that asks for more values of each row is measured by these. */
const MEASURED_VALUES = 50;

/** Whether members of the campaign's segment or list have still to be read. */
export const readsMembers = ({ state, definition, audience_cursor: cursor }: CampaignRow): boolean =>
  state === 'preparing' && ('segment' in definition.audience || 'list' in definition.audience) && cursor !== ALL_READ;

/** Decides what becomes of a pass in the audience: its turn, or the holdout. */
function judge(campaign: CampaignRow, settings: TenantSettings, pass: AudiencePass) {
  const { schedule, holdoutPercent } = campaign.definition;
  const due =
    schedule.atLocal === undefined
      ? Date.parse(schedule.at ?? campaign.created_at.toISOString())
      : localMoment(schedule.atLocal, zoneOf(pass.zone, settings.timeZone));
  const out = isHeldOut(campaign.campaign_id, pass.customerId, holdoutPercent);
  return { state: out ? ('holdout' as const) : ('waiting' as const), dueAt: new Date(due) };
}

function resolve(campaign: CampaignRow, settings: TenantSettings, row: ReadRow): ResolvedRow {
  const hits = row.hits.filter(({ test }) => test === campaign.test);
  const choice = choosePass(row.identifiers, hits, settings.identifierMatching);
  if (choice.outcome !== 'found') {
    return {
      rowNumber: row.row_number,
      state: 'unreached',
      passId: null,
      customerId: null,
      dueAt: null,
      reason: choice.reason,
    };
  }
  const { passId, customerId } = choice;
  const { zone } = hits.find((hit) => hit.passId === passId)!;
  return {
    rowNumber: row.row_number,
    passId,
    customerId,
    reason: null,
    ...judge(campaign, settings, { passId, customerId, zone }),
  };
}

/** Counts a page of uncounted rows; true once everything is counted. */
async function measurePage(tx: Sql, campaign: CampaignRow, settings: TenantSettings, now: Date): Promise<boolean> {
  const { dry_run: known, campaign_id: id, definition } = campaign;
  const message = definition.action.type === 'message' ? definition.messageInput : undefined;
  const holds = {
    channel: message ? settings.messages.requireConsent : null,
    cap: message?.class === 'marketing' ? settings.messages.cap : null,
  };
  const before = known ?? NOTHING_COUNTED;
  const dryRun = await countPage(tx, id, { dryRun: before, holds, now, limit: MEASURE_PAGE });
  const isCounted = dryRun.upTo === before.upTo;
  if (isCounted && known !== null) return true;
  const values = rowValuesOf(definition.action).slice(0, MEASURED_VALUES);
  const added = await countMissing(tx, id, { values, after: before.upTo, upTo: dryRun.upTo });
  const missing = added.map((rows, index) => rows + (before.missing?.[index] ?? 0));
  await changeCampaign(tx, id, { dryRun: { ...dryRun, missing } });
  return isCounted;
}

/**
 * Reads the next page of the audience into rows, all or nothing. True once the audience is frozen, or the campaign is no
 * longer this step's to prepare.
 */
export async function freezeSlice(
  db: TenantSql,
  ref: StepInput,
  settings: TenantSettings,
  now: Date,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const campaign = await lockCampaign(tx, ref);
    if (campaign?.state !== 'preparing') return true;
    const { campaign_id: id, definition } = campaign;
    if ('filter' in definition.audience && campaign.audience_cursor !== ALL_READ) {
      const passes = await filterPasses(tx, {
        filter: definition.audience.filter,
        test: campaign.test,
        cursor: campaign.audience_cursor,
        limit: FILTER_PAGE,
      });
      const read = BigInt(campaign.rows_read);
      const rows = passes.map((pass) => ({
        line: null,
        identifiers: null,
        given: null,
        passId: pass.passId,
        customerId: pass.customerId,
        reason: null,
        ...judge(campaign, settings, pass),
      }));
      await insertRows(tx, id, read, rows);
      await changeCampaign(tx, id, {
        cursor: passes.length === FILTER_PAGE ? passes.at(-1)!.passId : ALL_READ,
        rowsRead: read + BigInt(passes.length),
      });
      return false;
    } else if (readsMembers(campaign)) {
      return true;
    } else {
      const rows = await loadReadRows(tx, id, RESOLVE_PAGE);
      if (rows.length > 0) {
        await resolveRows(
          tx,
          id,
          rows.map((row) => resolve(campaign, settings, row)),
        );
        return false;
      }
    }
    if (!campaign.confirmed && !(await measurePage(tx, campaign, settings, now))) return false;
    await changeCampaign(tx, id, { state: campaign.confirmed ? 'running' : 'ready', preparedAt: new Date() });
    return true;
  });
}
