import { z } from 'zod';
import type { CampaignRow } from '../../database/campaigns/campaigns.js';
import {
  countFetched,
  countReasons,
  countRecent,
  countRows,
  dueTimes,
  TROUBLED_ROWS,
} from '../../database/campaigns/progress.js';
import type { Sql } from '../../database/connect.js';
import { endWithin, untilOpen } from '../../passes/campaign-schedule.js';
import { CAMPAIGN_STATES, campaignDefinition, campaignWarning, rowValuesOf } from '../../passes/campaign.js';

/** Rows a minute where a campaign has no pace and has not shown its own yet: cautious, below what was measured. */
const ASSUMED_PER_MINUTE = 3_000;

/** Reasons that one look names; all of them are in the rows. */
const MOST_REASONS = 10;

const count = z.int().nonnegative();
export const campaignView = z.object({
  campaignId: z.uuid(),
  name: z.string(),
  state: z.enum(CAMPAIGN_STATES),
  reason: z.string().nullable(),
  test: z.boolean(),
  ...campaignDefinition.shape,
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  pausedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  operationId: z.uuid().nullable().describe('The run-campaign whose turn it is or was'),
  warnings: z
    .array(campaignWarning)
    .describe(
      'What is allowed and probably not meant: fields that no pass type has; with the dry run, values that nobody has',
    ),
});

const reach = z.object({ apple: count, google: count, both: count, none: count });
export const campaignDetail = campaignView.extend({
  audience: campaignView.shape.audience,
  rows: z.object({
    all: count,
    waiting: count,
    holdout: count,
    duplicates: count.describe('Rows that led to a pass that an earlier row has'),
    unreached: count.describe('Rows without a pass; their reason is in the rows'),
    refused: count.describe('Rows of the file that could not be read'),
    unresolved: count.describe('Rows that have not been checked yet'),
  }),
  reach: reach.nullable().describe('Of the dry run: where the passes are that the rows which wait lead to'),
  heldBack: z
    .object({ withoutConsent: count, overCap: count })
    .nullable()
    .describe('Of the dry run of a message: who would not get it, or not now. Null: nothing of the kind holds it back'),
  missing: z
    .array(z.object({ source: z.enum(['column', 'property']), name: z.string(), rows: count }))
    .nullable()
    .describe('Of the dry run: how many of the rows that wait have nothing under a name that the action asks for'),
  expectedSeconds: count.nullable().describe('Of the dry run: how long it should take, without closed hours'),
  progress: z.object({
    accepted: count.describe('Operations that have been accepted, ended ones too'),
    ended: count,
    pushed: count.describe('Rows whose pass is on a phone that was notified'),
    fetched: count.describe(
      'Rows that an iPhone has fetched; Google does not report fetches. Counted a part at each read: with hundreds of thousands of rows it lags a few reads behind',
    ),
    outcomes: z.record(z.string(), count).describe('Ended operations by outcome'),
    troubles: z
      .array(z.object({ outcome: z.string().nullable(), reason: z.string(), rows: count }))
      .describe(
        `Why rows did not get what they were to get: the ${MOST_REASONS} commonest reasons among the last ${TROUBLED_ROWS} rows; null: no pass was found`,
      ),
    remaining: count,
    perMinute: count.describe('Ended in the last minute'),
    waitsUntil: z.iso
      .datetime()
      .nullable()
      .describe(
        'When the next row begins, where its time has not come or the hours are closed; of a campaign that is ready: if it were started now. Null: nothing holds it back, or it does not go on',
      ),
    expectedEnd: z.iso.datetime().nullable().describe('While it runs: by its pace, its times and its hours'),
  }),
});

/** A campaign as it was asked for, and its state. */
export const presentCampaign = (row: CampaignRow): z.output<typeof campaignView> => ({
  campaignId: row.campaign_id,
  name: row.name,
  state: row.state,
  reason: row.reason,
  test: row.test,
  audience: row.definition.audience,
  action: row.definition.action,
  schedule: row.definition.schedule,
  holdoutPercent: row.definition.holdoutPercent,
  createdAt: row.created_at.toISOString(),
  startedAt: row.started_at?.toISOString() ?? null,
  pausedAt: row.paused_at?.toISOString() ?? null,
  endedAt: row.ended_at?.toISOString() ?? null,
  operationId: row.operation_id,
  warnings: row.definition.warnings ?? [],
});

/** What the dry run has counted; nothing while it counts, and where nobody looks at it before the start. */
function presentDryRun({ dry_run: counted, definition, state }: CampaignRow) {
  if (counted === null || state === 'preparing') return { reach: null, heldBack: null, missing: null };
  const { apple, google, both, none, withoutConsent, overCap } = counted;
  const heldBack = definition.action.type === 'message' ? { withoutConsent, overCap } : null;
  const missing = rowValuesOf(definition.action).flatMap((value, index) => {
    const rows = counted.missing?.[index] ?? 0;
    return rows > 0 ? [{ ...value, rows }] : [];
  });
  return { reach: { apple, google, both, none }, heldBack, missing };
}

/** Warns of values that not one of the rows which wait has: their names are probably mistyped. */
function warnOfValues({ reach, missing }: ReturnType<typeof presentDryRun>): z.output<typeof campaignWarning>[] {
  if (!reach || !missing) return [];
  const all = reach.apple + reach.google + reach.both + reach.none;
  return missing
    .filter(({ rows }) => rows === all)
    .map(({ source, name }) => ({
      pointer: '/action',
      message: `none of the ${all} rows that wait has a ${source} "${name}"`,
      cure:
        source === 'column'
          ? 'fill the column in the file'
          : 'check how the property is spelt; profiles have what a profile sync has brought',
    }));
}

/** The first minute is not over yet: what was done in it is no pace of a minute. */
function measuredPerMinute(recent: number, { started_at: startedAt }: CampaignRow, nowMs: number): number {
  const seconds = startedAt === null ? 60 : Math.min(60, Math.max(10, (nowMs - startedAt.getTime()) / 1000));
  return recent > 0 ? (recent * 60) / seconds : ASSUMED_PER_MINUTE;
}

/** A limit that the installation reaches easily is the pace; a higher one only where it is reached. */
function paceOf(measured: number, perMinute: number | undefined): number {
  if (perMinute === undefined) return measured;
  return perMinute <= ASSUMED_PER_MINUTE ? perMinute : Math.min(perMinute, measured);
}

/** When the next row begins, and when the last one is through; nothing where it does not go on. */
async function expectTimes(
  db: Sql,
  row: CampaignRow,
  { nowMs, zone, seconds, waiting }: { nowMs: number; zone: string; seconds: number; waiting: number },
): Promise<{ waitsUntil: string | null; expectedEnd: string | null }> {
  if (row.state !== 'running' && row.state !== 'ready') return { waitsUntil: null, expectedEnd: null };
  const { hours } = row.definition.schedule;
  const due = waiting > 0 ? await dueTimes(db, row.campaign_id) : null;
  const first = Math.max(nowMs, due?.first.getTime() ?? 0);
  const begins = due === null ? nowMs : first + untilOpen(hours, first, zone);
  const last = Math.max(nowMs, due?.last.getTime() ?? 0);
  const ends = due === null ? nowMs + seconds * 1000 : endWithin(hours, begins, seconds * 1000, zone);
  return {
    waitsUntil: begins > nowMs ? new Date(begins).toISOString() : null,
    expectedEnd:
      row.state === 'running'
        ? roundedEnd(Math.max(ends, due === null ? 0 : last + untilOpen(hours, last, zone)))
        : null,
  };
}

/** To ten seconds: a guess that moves with every look would be news to everybody who watches. */
const roundedEnd = (ms: number): string => new Date(Math.ceil(ms / 10_000) * 10_000).toISOString();

/** A campaign with its dry run and how far it is. */
export async function presentCampaignDetail(
  db: Sql,
  row: CampaignRow,
  { nowMs, zone }: { nowMs: number; zone: string },
): Promise<z.output<typeof campaignDetail>> {
  const counted = await countRows(db, row.campaign_id);
  const troubles = await countReasons(db, row.campaign_id, MOST_REASONS);
  const fetched = row.started_at ? await countFetched(db, row.campaign_id, row.fetch_count) : 0;
  const recent = await countRecent(db, row.campaign_id);
  const sum = (states: readonly string[], of: 'rows' | 'pushed' = 'rows'): number =>
    counted.filter(({ state }) => states.includes(state)).reduce((total, one) => total + one[of], 0);
  const waiting = sum(['waiting']);
  const [open, ended] = [sum(['accepted']), sum(['done'])];
  const pace = paceOf(measuredPerMinute(recent, row, nowMs), row.definition.schedule.perMinute);
  const remaining = waiting + open;
  const seconds = Math.ceil((remaining * 60) / pace);
  const outcomes = counted.flatMap(({ state, outcome, rows }): [string, number][] =>
    state === 'done' ? [[outcome ?? 'unknown', rows]] : [],
  );
  const dryRun = presentDryRun(row);
  const times = await expectTimes(db, row, { nowMs, zone, seconds, waiting });
  const shown = presentCampaign(row);
  return {
    ...shown,
    warnings: [...shown.warnings, ...(row.state === 'ready' ? warnOfValues(dryRun) : [])],
    rows: {
      all: counted.reduce((total, { rows }) => total + rows, 0),
      waiting,
      holdout: sum(['holdout']),
      duplicates: sum(['duplicate']),
      unreached: sum(['unreached']),
      refused: sum(['refused']),
      unresolved: sum(['read']),
    },
    ...dryRun,
    expectedSeconds: row.state === 'ready' ? seconds : null,
    progress: {
      accepted: open + ended,
      ended,
      pushed: sum(['done'], 'pushed'),
      fetched,
      outcomes: Object.fromEntries(outcomes),
      troubles: troubles.map(({ outcome, reason, rows }) => ({ outcome, reason, rows })),
      remaining,
      perMinute: recent,
      ...times,
    },
  };
}
