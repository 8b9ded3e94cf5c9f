import { COUNTED_MOST, type Backlog } from '../../database/operations/backlog.js';
import type { BacklogView } from '../../pages/operator-home.js';
import { GOOGLE_RATE } from '../../wallets/google/rate-budget.js';
import { inWordsOfTime } from '../health-report.js';

/** Fewer are done before anybody could read of them. */
const FEW = 30;
/** An object is read, then written. */
const REQUESTS_OF_OBJECT = 2;

const counted = (count: number): string =>
  `${count.toLocaleString('en')}${count === COUNTED_MOST ? ' or more' : ''} ${count === 1 ? 'request' : 'requests'}`;

/** How much waits, how fast it goes and when it will be done; null where there is nothing worth a word. */
export function presentBacklog({ waiting, running, burstSize, perSecond, google }: Backlog): BacklogView | null {
  if (waiting + running < FEW) return null;
  const rate =
    perSecond > 0
      ? `Bursts of ${Math.round(burstSize).toLocaleString('en')} tell phones of ${Math.max(1, Math.round(perSecond)).toLocaleString('en')} requests a second.`
      : null;
  return {
    waiting: `${counted(waiting)} ${waiting === 1 ? 'waits' : 'wait'}, ${running.toLocaleString('en')} have begun and go on.`,
    rate,
    end:
      rate && waiting > 0
        ? `At this rate the last one begins in ${inWordsOfTime(Math.ceil(waiting / perSecond))}.`
        : null,
    google:
      google > 0
        ? `Phones come first and have been notified. ${google.toLocaleString('en')} objects at Google are still to be written: Google takes 20 requests a second, so the last one is written in ${inWordsOfTime(Math.ceil((google * REQUESTS_OF_OBJECT) / GOOGLE_RATE.ratePerSecond))}.`
        : null,
  };
}
