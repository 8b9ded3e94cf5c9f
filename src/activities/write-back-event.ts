import { eventBody, type EventContext, type PassEvent } from '../klaviyo/write-back.js';
import type { WriteBackEvent } from '../passes/write-back-event.js';
import { findMessage } from '../database/messages/messages.js';
import type { WriteBackOperation } from '../database/klaviyo/write-back.js';
import type { ActivityDeps } from './deps.js';
import { readInput } from './read-input.js';
import {
  byKnownProfile,
  writeBackStep,
  type VisitMemory,
  type WriteBackInput,
  type WroteBack,
} from './write-back-step.js';

const METRICS: Record<WriteBackEvent, PassEvent> = {
  created: 'Pass Created',
  installed: 'Pass Installed',
  updated: 'Pass Updated',
  uninstalled: 'Pass Uninstalled',
  voided: 'Pass Voided',
  'message-sent': 'Wallet Message Sent',
  'message-received': 'Wallet Message Received',
};

/** A flow that greets a pass a day late does harm: from then on the event is recorded without starting flows. */
const FRESH_MS = 86_400_000;

/** Whether an event is recorded without starting flows. */
export const isLate = (run: number, acceptedAt: Date, nowMs: number): boolean =>
  run > 1 || nowMs - acceptedAt.getTime() > FRESH_MS;

export const metricOf = (
  event: WriteBackEvent,
  { metricPrefix }: { metricPrefix: string },
  row: { test: boolean },
): string => (row.test ? 'Test ' : '') + metricPrefix + METRICS[event];

/** Which event of an operation it is: one operation may concern several passes of a person. */
export const eventStep = (passId: string): string => `write-back-event/${passId}`;

/** The event that starts flows; last, so that they find link and record in place. Its id makes a repetition nothing. */
export function writeBackEventActivity(deps: ActivityDeps) {
  return async function writeBackEvent(input: WriteBackInput, memory: VisitMemory = {}): Promise<WroteBack> {
    return writeBackStep(
      deps,
      input,
      'write-back-event',
      async (session) => {
        const { event } = input;
        if (event === null) return { skipped: 'Nothing happened that Klaviyo has an event for.' };
        const subject = await session.lastSubject();
        if (!subject) return { skipped: 'The pass has gone, or nothing names its holder in Klaviyo.' };
        const { operation, settings } = session;
        const message = event === 'message-sent' ? await findMessage(session.sql, input.operationId) : undefined;
        // A message may have waited for days: it is as fresh as the moment that it was sent.
        const happenedAt = message?.sent_at ?? operation.accepted_at;
        const context: EventContext = {
          operationId: input.operationId,
          step: eventStep(input.passId),
          backfill: isLate(operation.run, happenedAt, deps.now()),
          ...particulars(event, operation),
          ...(message && { time: happenedAt.toISOString(), messageId: message.message_id }),
        };
        const metric = metricOf(event, settings, subject.row);
        const { partialFailure } = await byKnownProfile(session.sql, subject, (recipient) =>
          session.call('events', (client) => client.createEvent(eventBody(metric, subject.pass, recipient, context))),
        );
        return {
          detail: {
            metric,
            backfill: context.backfill,
            ...(partialFailure.length > 0 && { dropped: partialFailure }),
          },
        };
      },
      memory,
    );
  };
}

function particulars(event: WriteBackEvent, operation: WriteBackOperation): Omit<EventContext, 'operationId' | 'step'> {
  const time = operation.accepted_at.toISOString();
  if (event === 'updated') return { time, changedFields: operation.changed_fields ?? [] };
  if (event !== 'installed' && event !== 'uninstalled' && event !== 'message-received') return { time };
  const { platform, firstInstall, at, messageId } = readInput<'device-event'>(operation, 'at');
  return {
    time: at,
    platform: platform === 'apple' ? 'Apple' : 'Google',
    ...(messageId !== undefined && { messageId }),
    ...(event === 'installed' && { reinstalled: !firstInstall }),
  };
}
