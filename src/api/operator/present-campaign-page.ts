import type { z } from 'zod';
import type { CampaignLine, CampaignPageView } from '../../pages/campaign-pages.js';
import type { Tone } from '../../pages/operator-frame.js';
import { columnsOf, type CampaignState } from '../../passes/campaign.js';
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
  state: campaign.state,
  tone: TONES[campaign.state] ?? '',
  test: campaign.test,
  createdAt: new Date(campaign.createdAt),
});

/** An outcome in plain words; campaigns count what older versions called otherwise, too. */
const inWords = (outcome: string): string =>
  Object.hasOwn(BECAME, outcome) ? BECAME[outcome as Outcome] : `Ended as ${outcome}`;

const text = (value: number): string => value.toLocaleString('en');

function answerOf({ state, rows, progress, expectedSeconds }: Detail): string {
  if (state === 'uploading') return 'It waits for its file.';
  if (state === 'preparing') return `The audience is being read: ${text(rows.all)} rows so far.`;
  if (state === 'ready') {
    return `Nothing has been sent. A start reaches ${text(rows.waiting)} passes in about ${text(Math.ceil((expectedSeconds ?? 0) / 60))} min.`;
  }
  const end = progress.expectedEnd && `, the end is expected at ${progress.expectedEnd.slice(11, 16)} UTC`;
  return `${text(progress.ended)} have ended, ${text(progress.remaining)} are left${end ?? ''}.`;
}

/** A campaign as its page shows it; reasons name nobody to a reader who may not read customers. */
export function presentCampaignPage(
  detail: Detail,
  may: { writes: boolean; reads: boolean },
  { samples = [], fault = null }: { samples?: readonly CampaignSample[]; fault?: string | null } = {},
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
  const buttons = may.writes ? buttonsOf(state) : [];
  return {
    line: presentCampaignLine(detail),
    reason: detail.reason,
    answer: answerOf(detail),
    warnings: detail.warnings.map(({ message, cure }) => `${message}: ${cure}.`),
    facts: shown.flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, typeof value === 'string' ? value : text(value)]],
    ),
    order: presentCampaignOrder(detail),
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
    upload: may.writes && state === 'uploading' ? { columns: columnsOf(detail.action), fault } : null,
    hasResults: rows.all > 0,
    moves: state === 'running' || state === 'preparing',
    over: isOver(detail),
    buttons: buttons.map((command) => [command, LABELS[command]]),
  };
}
