import { listOpenConsents, markHandedOver, type OpenConsent } from '../database/customers/hand-consents.js';
import { TransientError } from '../common/errors.js';
import { lookUpConsents, type Reachable } from './consent-fate.js';
import type { ActivityDeps } from './deps.js';
import { writeBackStep, type WriteBackInput, type WriteBackSession, type WroteBack } from './write-back-step.js';

const E164 = /^\+[1-9]\d{7,14}$/;

const MINUTE_MS = 60_000;
/** After the first, second, … job without an answer: where the merchant asks for a double opt-in, each may send a mail. */
const PAUSES_MS = [0, 10, 60, 240, 480].map((minutes) => minutes * MINUTE_MS);

/** Jobs that Klaviyo was sent and may have taken, although no answer came. */
interface Unanswered {
  times: number;
  /** When the last one was sent, in milliseconds. */
  at: number;
}

/** Whether Klaviyo has taken nothing for sure; after every other fault the job may be carried out all the same. */
const isRefusal = (error: unknown): boolean =>
  !(error instanceof TransientError) || ['klaviyo-throttled', 'klaviyo-budget'].includes(error.code);

function readUnanswered({ operation }: WriteBackSession): Unanswered {
  const kept = operation.detail['unanswered'] as Unanswered | null | undefined;
  return kept ?? { times: 0, at: 0 };
}

/** Keeps that a job is sent before it is: a worker that dies in between leaves the doubt behind. */
async function noteIfUnanswered<T>(session: WriteBackSession, next: Unanswered, send: () => Promise<T>): Promise<T> {
  const before = readUnanswered(session);
  await session.note({ unanswered: next });
  try {
    return await send();
  } catch (error) {
    if (isRefusal(error)) await session.note({ unanswered: before });
    throw error;
  }
}

function job(consents: readonly OpenConsent[], reachable: Reachable) {
  const given = (channel: 'email' | 'sms') =>
    consents.some((consent) => consent.channel === channel) ? reachable[channel] : null;
  const versions = new Set(consents.map(({ channel, textVersion }) => `${channel} ${textVersion}`));
  return {
    email: given('email'),
    phone: given('sms'),
    source: `Wallet enrolment page (${[...versions].join(', ')})`,
  };
}

/**
 * Sends the consents of an enrolment to Klaviyo, once, and only those whose text the tenant allows. Klaviyo's job
 * takes no idempotency key. After a lost answer the profile is read first, so that nobody who has unsubscribed is
 * subscribed again; further jobs follow at growing intervals.
 */
export function handConsentsActivity(deps: ActivityDeps) {
  return async function handConsents(input: WriteBackInput): Promise<WroteBack> {
    return writeBackStep(deps, input, 'hand-consents', async (session) => {
      const { tenantId } = input;
      const [settings, subject] = await Promise.all([deps.tenantSettings(tenantId), session.subject()]);
      if (!subject) return { skipped: 'The pass has gone, or nothing names its holder in Klaviyo.' };
      const { email, phone, customer_id: customerId } = subject.row;
      const reachable = { email, sms: phone !== null && E164.test(phone) ? phone : null };
      const waiting = (await listOpenConsents(session.sql, customerId, settings.consentTexts)).filter(
        ({ channel }) => reachable[channel] !== null,
      );
      if (waiting.length === 0) return { skipped: 'There is no consent to hand over, or no address that it is for.' };
      const mark = (consents: readonly OpenConsent[]) =>
        markHandedOver(
          session.sql,
          consents.map(({ consentId }) => consentId),
        );
      const unanswered = readUnanswered(session);
      let open = waiting;
      if (unanswered.times > 0) {
        const fates = await lookUpConsents(session.call, waiting, reachable);
        await mark(fates.taken);
        open = fates.open;
        const channels = fates.taken.map(({ channel }) => channel);
        if (open.length === 0) {
          const left = fates.left.map(({ channel }) => channel);
          return { detail: { channels: [...new Set(channels)], left: [...new Set(left)], unanswered: null } };
        }
        const pauseMs = PAUSES_MS[Math.min(unanswered.times, PAUSES_MS.length) - 1]!;
        const waitMs = unanswered.at + pauseMs - deps.now();
        if (waitMs > 0) {
          throw new TransientError(
            'klaviyo-consent-unclear',
            'Klaviyo may have taken the consents without an answer. The profile does not show them; they are sent again later.',
            waitMs,
          );
        }
      }
      const { partialFailure } = await session.call('subscriptions', (client) =>
        noteIfUnanswered(session, { times: unanswered.times + 1, at: deps.now() }, () =>
          client.subscribe(job(open, reachable)),
        ),
      );
      await mark(open);
      const channels = [...new Set(open.map(({ channel }) => channel))];
      return { detail: { channels, unanswered: null, ...(partialFailure.length > 0 && { dropped: partialFailure }) } };
    });
  };
}
