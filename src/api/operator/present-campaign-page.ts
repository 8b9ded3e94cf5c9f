import type { z } from 'zod';
import type { CampaignLine, CampaignPageView } from '../../pages/campaign-pages.js';
import { stateInWords } from '../../pages/campaign-words.js';
import { momentInWords, type Clock } from '../../pages/clock.js';
import type { FormFault } from '../../pages/form-faults.js';
import type { Tone } from '../../pages/operator-frame.js';
import { columnsOf, isDestructive, type CampaignState } from '../../passes/campaign.js';
import { maskContacts } from '../../common/mask-personal.js';
import type { campaignDetail, campaignView } from '../routes/present-campaign.js';
import type { CampaignSample } from '../routes/campaign-samples.js';
import { explainEmptyAudience, presentCampaignOrder } from './present-campaign-order.js';
import { isOver } from '../routes/campaign-watch.js';
import type { Outcome } from '../../passes/operation.js';
import { BECAME } from './plain-words.js';

export type Detail = z.output<typeof campaignDetail>;

const TONES: Readonly<Partial<Record<CampaignState, Tone>>> = { ended: 'good', failed: 'bad', paused: 'note' };
const DOES = {
  message: 'sends a message',
  update: 'sets fields',
  convert: 'changes the type',
  offer: 'lays an offer over it',
  void: 'voids',
} as const;

export const COMMANDS = ['start', 'pause', 'resume', 'cancel'] as const;
export type Command = (typeof COMMANDS)[number];
const BUTTONS: Readonly<Partial<Record<CampaignState, readonly Command[]>>> = {
  uploading: ['cancel'],
  preparing: ['cancel'],
  ready: ['start', 'cancel'],
  running: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
};
export const buttonsOf = (state: CampaignState): readonly Command[] => BUTTONS[state] ?? [];
export const LABELS = { start: 'Start', pause: 'Pause', resume: 'Resume', cancel: 'Cancel for good' } as const;

/** A campaign as a line of the list. */
export const presentCampaignLine = (campaign: z.output<typeof campaignView>): CampaignLine => ({
  campaignId: campaign.campaignId,
  name: campaign.name,
  does: DOES[campaign.action.type],
  state: stateInWords(campaign.schedule, campaign.state, campaign.startedAt),
  tone: TONES[campaign.state] ?? '',
  test: campaign.test,
  createdAt: new Date(campaign.createdAt),
});

/** An outcome in plain words; campaigns count what older versions called otherwise, too. */
const inWords = (outcome: string): string =>
  Object.hasOwn(BECAME, outcome) ? BECAME[outcome as Outcome] : `Ended as ${outcome}`;

/** How many passes a start takes out of use, which its form asks to be confirmed; null where it takes none. */
export const confirmedPasses = ({ action, state, rows }: Detail): number | null =>
  state === 'ready' && isDestructive(action) && rows.waiting > 0 ? rows.waiting : null;

const text = (value: number): string => value.toLocaleString('en');

/** `1 pass`, `3 passes`. */
const passes = (count: number): string => `${text(count)} ${count === 1 ? 'pass' : 'passes'}`;

/** What a page says first of a campaign, in a sentence or two; times are those of the tenant. */
export function answerOf({ state, rows, progress, expectedSeconds, action, schedule }: Detail, clock: Clock): string {
  const { ended, remaining, waitsUntil, expectedEnd } = progress;
  const timeOf = (at: string): string => momentInWords(clock, Date.parse(at));
  const local = schedule.atLocal && rows.waiting > 0 ? ', and goes by each customer’s own clock' : '';
  switch (state) {
    case 'uploading':
      return 'It waits for its file.';
    case 'preparing':
      return `The audience is being read: ${text(rows.all)} rows so far.`;
    case 'ready': {
      const does = action.type === 'void' ? 'voids' : 'reaches';
      const minutes = text(Math.ceil((expectedSeconds ?? 0) / 60));
      const begins = waitsUntil === null ? '' : ` Started now, it begins at ${timeOf(waitsUntil)}${local}.`;
      return `Nothing has been sent. A start ${does} ${passes(rows.waiting)} in about ${minutes} min.${begins}`;
    }
    case 'running': {
      const done = ended === 0 ? 'Nothing has ended yet' : `${text(ended)} have ended`;
      const end = expectedEnd === null ? '' : ` The end is expected at ${timeOf(expectedEnd)}.`;
      const word = progress.accepted === 0 ? 'begins' : 'goes on';
      const waits = waitsUntil === null ? '' : `It waits: it ${word} at ${timeOf(waitsUntil)}${local}. `;
      return `${waits}${done}, ${text(remaining)} are left.${end}`;
    }
    case 'paused':
      return `It is paused: ${text(ended)} have ended, ${text(remaining)} wait until it is resumed.`;
    case 'cancelled': {
      const rest = remaining - rows.waiting;
      const open = rest > 0 ? `, ${text(rest)} are being ended` : '';
      return `It was cancelled: ${text(ended)} had ended${open}, ${text(rows.waiting)} were not begun and stay as they are.`;
    }
    case 'failed':
      return `It has failed: ${text(ended)} have ended, ${text(remaining)} were not done.`;
    case 'ended':
      return `It is over: ${text(ended)} have ended.`;
  }
}

/** A campaign as its page shows it; reasons name nobody to a reader who may not read customers. */
export function presentCampaignPage(
  detail: Detail,
  may: { writes: boolean; reads: boolean; clock: Clock },
  { samples = [], faults = [] }: { samples?: readonly CampaignSample[]; faults?: readonly FormFault[] } = {},
): CampaignPageView {
  const { rows, reach, progress, state } = detail;
  const onPhones = reach ? reach.apple + reach.google + reach.both : undefined;
  const notified = onPhones === undefined ? text(progress.pushed) : `${text(progress.pushed)} of ${text(onPhones)}`;
  const shown: [string, number | string | undefined][] = [
    ['In the audience', rows.all],
    ['Only on Apple', reach?.apple],
    ['Only on Google', reach?.google],
    ['On both', reach?.both],
    ['On no phone', reach?.none],
    ['Without consent', detail.heldBack?.withoutConsent],
    ['Over the cap now', detail.heldBack?.overCap],
    ...(detail.missing ?? []).map(({ source, name, rows: n }): [string, number] => [
      `Without the ${source} ${name}`,
      n,
    ]),
    ['Held out', rows.holdout],
    ['Duplicates', rows.duplicates],
    ['Without a pass', rows.unreached],
    ['Faulty rows', rows.refused],
    ['Accepted', progress.accepted],
    ['Notified, of those on a phone', notified],
    ['Fetched by an iPhone', progress.fetched],
    ['Ended in the last minute', progress.perMinute],
    ...Object.entries(progress.outcomes).map(([name, n]): [string, number] => [inWords(name), n]),
  ];
  const toConfirm = may.writes ? confirmedPasses(detail) : null;
  const buttons = may.writes ? buttonsOf(state) : [];
  return {
    line: {
      ...presentCampaignLine(detail),
      state: stateInWords(detail.schedule, state, detail.startedAt, progress.waitsUntil),
    },
    reason: detail.reason,
    answer: answerOf(detail, may.clock),
    warnings: detail.warnings.map(({ message, cure }) => `${message}: ${cure}.`),
    facts: shown.flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : text(value)]],
    ),
    order: presentCampaignOrder(detail, may.clock.timeZone),
    emptiness: explainEmptyAudience(detail),
    troubles: progress.troubles.map(({ rows: count, outcome, reason }) => [
      text(count),
      outcome === null ? 'without a pass' : inWords(outcome),
      may.reads ? reason : maskContacts(reason),
    ]),
    progress: { done: progress.ended, of: detail.startedAt ? progress.ended + progress.remaining : 0 },
    samples: samples.map(({ serialNumber, apple, google, problem }) => ({
      pass: serialNumber,
      problem,
      lines: [
        ...(apple ? [`iPhone: ${apple.lockScreen === null ? 'says nothing' : `“${apple.lockScreen}”`}`] : []),
        ...(apple?.note ? [`iPhone: ${apple.note}`] : []),
        ...(google ? [`Google Wallet: ${google.notifies ? `“${google.note}”` : `says nothing, ${google.note}`}`] : []),
      ],
    })),
    upload: may.writes && state === 'uploading' ? { columns: columnsOf(detail.action) } : null,
    faults,
    hasResults: rows.all > 0,
    moves: state === 'running' || state === 'preparing',
    over: isOver(detail),
    confirmation:
      toConfirm === null ? null : { value: String(toConfirm), label: `Yes, take ${passes(toConfirm)} out of use` },
    buttons: buttons.map((command) => [command, LABELS[command]]),
  };
}
