import { claimMessage, findMessage, markEnded, markSent, type MessageRow } from '../database/messages/messages.js';
import { findOperation } from '../database/operations/operations.js';
import { endRun, recordStep } from '../database/operations/steps.js';
import { PermanentError } from '../common/errors.js';
import { MESSAGE_CHANGE, withMessage, withoutMessage } from '../passes/message.js';
import type { EndMessageInput } from '../passes/operation-input.js';
import type { RecordedOutcome } from '../passes/operation.js';
import type { PassRow } from '../database/passes/passes.js';
import { changePass, type ChangeInput, type Decision } from './change-pass.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { knownOperation } from './known-operation.js';
import { decideTurn, hoursThatCount, overBefore, sentDetail, takesMessages, type Turn } from './message-turn.js';
import { readInput } from './read-input.js';

export type ClaimedMessage =
  { result: 'send' } | { result: 'wait'; waitMs: number } | { result: 'dropped'; outcome: RecordedOutcome };

type MessageStep = StepInput & { passId: string };

/** Judges under the customer's lock whether the message goes now, later or never, and says which in the step. */
export function claimMessageActivity(deps: ActivityDeps) {
  return async function claim(ref: MessageStep): Promise<ClaimedMessage> {
    const sql = deps.database.tenant(ref.tenantId);
    const { tenantId, operationId, run, passId } = ref;
    const step = { tenantId, operationId, run, step: 'claim-message' } as const;
    const [operation, settings] = await Promise.all([
      findOperation(sql, operationId).then(knownOperation),
      deps.tenantSettings(tenantId),
    ]);
    const input = readInput<'send-message'>(operation, 'content', 'class');
    const now = new Date(deps.now());
    const over = overBefore(input, now);
    if (over) return drop(over);

    const turn = await claimMessage<Turn>(
      sql,
      {
        messageId: operationId,
        passId,
        class: input.class,
        content: input.content,
        channel: settings.messages.requireConsent,
        hours: hoursThatCount(settings),
        now,
      },
      (seen) => {
        const decision = decideTurn(input, settings, seen, now);
        const send = decision.do === 'send';
        return { decision, validUntil: send ? decision.validUntil : null, take: send };
      },
    );
    if (turn === undefined) throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
    if (turn === 'claimed' || turn.do === 'send') {
      await recordStep(sql, { ...step, state: 'succeeded', detail: sentDetail(input) });
      return { result: 'send' };
    }
    if (turn.do === 'drop') return drop(turn);
    await recordStep(sql, { ...step, state: 'waiting', detail: turn.detail });
    return { result: 'wait', waitMs: turn.until.getTime() - now.getTime() };

    async function drop({ reason, detail }: Extract<Turn, { do: 'drop' }>): Promise<ClaimedMessage> {
      await recordStep(sql, { ...step, state: 'skipped', detail });
      const ending = { status: 'succeeded', outcome: 'message-held-back', reason } as const;
      return { result: 'dropped', outcome: await endRun(sql, { tenantId, operationId, run, ...ending }) };
    }
  };
}

/** Puts the message on the pass, as a revision of its own; the same message again, or one that was ended, changes nothing. */
export function showMessageActivity(deps: ActivityDeps) {
  return async function showMessage(ref: ChangeInput): Promise<{ revision: number | null }> {
    const sql = deps.database.tenant(ref.tenantId);
    const message = await findMessage(sql, ref.operationId);
    if (!message) throw new PermanentError('pass-vanished', 'The message was erased with its pass.');
    const now = new Date(deps.now());
    const shown = await changePass<{ revision: number | null }>(deps, {
      ref,
      change: 'message',
      step: 'show-message',
      repeated: (revision) => ({ revision }),
      // Read after the pass: an end that comes in between moves the pass's lock version, and this is decided again.
      decide: async ({ pass }) => decideShown(pass, (await findMessage(sql, ref.operationId)) ?? message, now),
    });
    if (shown.revision !== null) await markSent(sql, message.message_id, shown.revision, now);
    return shown;
  };
}

/** The rule of show-message: `message` as its row is now. */
export function decideShown(pass: PassRow, message: MessageRow, now: Date): Decision<{ revision: number | null }> {
  takesMessages(pass.state);
  if (message.state === 'ended') return { nothing: true, detail: { over: true }, result: { revision: null } };
  const messages = withMessage(pass.messages, {
    ...message.content,
    id: message.message_id,
    at: now.toISOString(),
    until: message.valid_until?.toISOString() ?? null,
  });
  return {
    write: {
      after: { ...pass, messages },
      changed: { [MESSAGE_CHANGE]: { from: null, to: message.message_id } },
      changedFields: [],
    },
    detail: { shown: messages.length },
    result: (revision) => ({ revision }),
  };
}

/** Takes a message off the pass, and touches nothing else of it. */
export function endMessageActivity(deps: ActivityDeps) {
  return async function endMessage(ref: ChangeInput): Promise<{ revision: number | null }> {
    const sql = deps.database.tenant(ref.tenantId);
    const operation = knownOperation(await findOperation(sql, ref.operationId));
    const { messageId }: EndMessageInput = readInput<'end-message'>(operation, 'messageId');
    // Before the pass is looked at: a beginning that is under way sees it and gives up.
    await markEnded(sql, messageId);
    return changePass<{ revision: number | null }>(deps, {
      ref,
      change: 'message',
      step: 'end-message',
      repeated: (revision) => ({ revision }),
      decide: ({ pass }) => decideTakenOff(pass, messageId),
    });
  };
}

/** The rule of end-message. */
export function decideTakenOff(pass: PassRow, messageId: string): Decision<{ revision: number | null }> {
  const messages = withoutMessage(pass.messages, messageId);
  const detail = { shown: messages.length };
  // Moves the lock version: a beginning that has read the pass before must read it again.
  if (messages.length === pass.messages.length) {
    return { sequences: pass.field_sequences, detail, result: { revision: null } };
  }
  return {
    write: {
      after: { ...pass, messages },
      changed: { [MESSAGE_CHANGE]: { from: messageId, to: null } },
      changedFields: [],
    },
    detail,
    result: (revision) => ({ revision }),
  };
}
