import { PermanentError } from '../common/errors.js';
import type { Sql } from '../database/connect.js';
import type { CampaignRow } from '../database/campaigns/campaigns.js';
import { acceptRows, nextDue, nextRows, settleRows } from '../database/campaigns/rows.js';
import { changeCampaign, lockCampaign, showSlice, tellOfCampaign } from '../database/campaigns/slices.js';
import type { Outcome } from '../passes/operation.js';
import { allowedByPace, untilOpen } from '../passes/campaign-schedule.js';
import { freezeSlice } from './campaigns/freeze-audience.js';
import { readMembers } from './campaigns/read-members.js';
import { operationsOf } from './campaigns/operation-of-row.js';
import type { ActivityDeps, StepInput } from './deps.js';

export type CampaignSlice = { done: true; outcome: Outcome } | { done: false; pauseMs: number };

/** Operations of a campaign that are accepted and have not ended: what a pause finds on its way, and what others wait behind. */
const MOST_OPEN = 1_000;
const MOST_AT_ONCE = 500;
/** Between two slices while rows are under way. */
const LOOK_MS = 250;
/** A sleep ends at the latest after this, so that a changed plan is seen. */
const LONGEST_SLEEP_MS = 60_000;
/** A step prepares for this long before it reports. */
const PREPARE_MS = 3_000;

const wait = (ms: number): CampaignSlice => ({
  done: false,
  pauseMs: Math.round(Math.min(LONGEST_SLEEP_MS, Math.max(LOOK_MS, ms))),
});

/** Takes a campaign one slice on: the audience into rows, rows into operations. Every slice is one transaction. */
export function runCampaignActivity(deps: ActivityDeps) {
  return async function runCampaign(ref: StepInput): Promise<CampaignSlice> {
    const db = deps.database.tenant(ref.tenantId);
    const settings = await deps.tenantSettings(ref.tenantId);
    const startedMs = performance.now();
    while (await readMembers(deps, db, ref, settings)) {
      if (performance.now() - startedMs > PREPARE_MS) return { done: false, pauseMs: 1 };
    }
    while (!(await freezeSlice(db, ref, settings, new Date(deps.now())))) {
      if (performance.now() - startedMs > PREPARE_MS) return { done: false, pauseMs: 1 };
    }
    return db.transaction(async (tx) => {
      const campaign = await lockCampaign(tx, ref);
      if (!campaign) return { done: true, outcome: 'superseded' };
      const { campaign_id: id, state } = campaign;
      if (state === 'failed') throw new PermanentError('invalid-data', campaign.reason ?? 'The campaign has failed.');
      if (state === 'ready') return end(tx, ref, 'prepared');
      const { open, inFlight } = await settleRows(tx, id);
      if (state === 'running') return send(tx, ref, campaign, open);
      if (inFlight > 0) return wait(LOOK_MS);
      if (state === 'paused') await tellOfCampaign(tx, ref, 'campaign.paused', campaign);
      if (state === 'cancelled') await tellOfCampaign(tx, ref, 'campaign.ended', campaign);
      return end(tx, ref, state === 'paused' ? 'paused' : 'sent');
    });
  };

  async function end(tx: Sql, ref: StepInput, outcome: Outcome): Promise<CampaignSlice> {
    await showSlice(tx, ref, 'succeeded', {});
    return { done: true, outcome };
  }

  async function send(tx: Sql, ref: StepInput, campaign: CampaignRow, open: number): Promise<CampaignSlice> {
    const { campaign_id: id } = campaign;
    const { schedule } = campaign.definition;
    const now = new Date(deps.now());
    const due = await nextDue(tx, id);
    if (due === null) {
      if (open > 0) return wait(LOOK_MS);
      await changeCampaign(tx, id, { state: 'ended', endedAt: now });
      await tellOfCampaign(tx, ref, 'campaign.ended', { ...campaign, state: 'ended' });
      return end(tx, ref, 'sent');
    }
    const { timeZone } = await deps.tenantSettings(ref.tenantId);
    const pauseMs = Math.max(
      due.getTime() - now.getTime(),
      untilOpen(schedule.hours, now.getTime(), timeZone ?? 'UTC'),
    );
    if (pauseMs > 0) {
      await showSlice(tx, ref, 'waiting', { waitsUntil: new Date(now.getTime() + pauseMs).toISOString() });
      return wait(open > 0 ? LOOK_MS : pauseMs);
    }
    const most = Math.max(0, Math.min(MOST_AT_ONCE, MOST_OPEN - open));
    const pace = allowedByPace(schedule.perMinute, campaign.paced_up_to?.getTime() ?? null, now.getTime(), most);
    const rows = await nextRows(tx, id, now, pace.rows);
    if (rows.length > 0) {
      const { operations, skipped } = operationsOf(campaign.definition, rows);
      await acceptRows(tx, campaign, operations, skipped);
      await changeCampaign(tx, id, {
        pacedUpTo: new Date(pace.usedUpTo(rows.length)),
        ...(campaign.started_at === null && { startedAt: now }),
      });
      if (campaign.started_at === null) await tellOfCampaign(tx, ref, 'campaign.started', campaign);
      await showSlice(tx, ref, 'waiting', { waitsUntil: null });
    }
    return wait(pace.waitMs > 0 && open === 0 ? pace.waitMs : LOOK_MS);
  }
}
