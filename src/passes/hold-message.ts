import { DateTime } from 'luxon';
import type { MessageClass } from './message.js';
import type { TenantSettings } from './tenant-settings.js';

export interface HoldQuestion {
  class: MessageClass;
  /** Not before this time; null: at once. */
  notBefore: Date | null;
  /** Whether quiet hours count; null: they do for marketing. */
  respectQuietHours: boolean | null;
  settings: TenantSettings['messages'];
  /** Whether the customer agreed to the channel that the tenant asks for. */
  hasConsent: boolean;
  /** When earlier messages of the class were sent to the customer, in any order. */
  sentAt: readonly Date[];
  /** IANA zone of the customer, else of the tenant, else UTC. */
  zone: string;
  /** When the campaign that sends it was paused; null where none stands still. */
  pausedAt: Date | null;
  now: Date;
}

export type HoldReason = 'paused' | 'not-before' | 'quiet-hours' | 'cap' | 'no-consent';
export type Held =
  { do: 'send' } | { do: 'wait'; until: Date; reason: HoldReason } | { do: 'drop'; reason: HoldReason };

/** The end of the quiet hours that a moment is in, whatever the clocks do meanwhile; null outside of them. */
export function endOfQuiet(quiet: { from: string; until: string }, now: Date, zone: string): Date | null {
  const here = DateTime.fromJSDate(now, { zone });
  const clock = here.toFormat('HH:mm');
  const overNight = quiet.from > quiet.until;
  const isQuiet = overNight ? clock >= quiet.from || clock < quiet.until : clock >= quiet.from && clock < quiet.until;
  if (!isQuiet) return null;
  const [hour, minute] = quiet.until.split(':').map(Number) as [number, number];
  const day = overNight && clock >= quiet.from ? here.plus({ days: 1 }) : here;
  const end = day.set({ hour, minute, second: 0, millisecond: 0 });
  // An hour that a change of clocks skips or repeats: never in the past.
  return new Date(Math.max(end.toMillis(), now.getTime() + 1000));
}

/** The longer a pause lasts, the rarer the looks whether it is over: after a tenth of it, between ten seconds and an hour. */
function nextLookAtPause(pausedAt: Date, now: Date): Date {
  const tenthMs = (now.getTime() - pausedAt.getTime()) / 10;
  return new Date(now.getTime() + Math.min(Math.max(tenthMs, 10_000), 3_600_000));
}

/**
 * Decides whether a message is sent now. One of a campaign that stands still waits. Consent comes first, for every class; then the message's own time, quiet
 * hours and the cap of its class. A message that is held back waits or is dropped, as the tenant chose; its own time
 * always waits.
 */
export function holdMessage(question: HoldQuestion): Held {
  const { settings, now, notBefore, pausedAt } = question;
  if (pausedAt !== null) return { do: 'wait', until: nextLookAtPause(pausedAt, now), reason: 'paused' };
  if (settings.requireConsent !== null && !question.hasConsent) return { do: 'drop', reason: 'no-consent' };
  if (notBefore !== null && notBefore > now) return { do: 'wait', until: notBefore, reason: 'not-before' };
  const hold = (reason: HoldReason, until: Date): Held =>
    settings.heldBack === 'drop' ? { do: 'drop', reason } : { do: 'wait', until, reason };

  const respects = question.respectQuietHours ?? question.class === 'marketing';
  const quietUntil =
    respects && settings.quietHours !== null ? endOfQuiet(settings.quietHours, now, question.zone) : null;
  if (quietUntil !== null) return hold('quiet-hours', quietUntil);

  const { cap } = settings;
  if (question.class === 'service' || cap === null) return { do: 'send' };
  const windowMs = cap.hours * 3_600_000;
  const recent = question.sentAt
    .map((at) => at.getTime())
    .filter((at) => at > now.getTime() - windowMs)
    .sort((a, b) => a - b);
  if (recent.length < cap.most) return { do: 'send' };
  // There is room once all but `most - 1` of them have left the window.
  return hold('cap', new Date(recent[recent.length - cap.most]! + windowMs + 1));
}

/** Why a message did not come, or not yet, in one sentence. */
export const HOLD_REASONS: Readonly<Record<HoldReason, string>> = {
  'not-before': 'the time that the request names',
  'quiet-hours': "the end of the tenant's quiet hours where the customer is (settings.messages.quietHours)",
  cap: 'room under the cap on messages to one customer (settings.messages.cap)',
  paused: 'its campaign to be resumed',
  'no-consent': 'The customer has not agreed to the channel that settings.messages.requireConsent names.',
};
