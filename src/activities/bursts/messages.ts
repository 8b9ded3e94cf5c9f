import { findMessages, markEndedMany, markSentMany } from '../../database/bursts/messages.js';
import type { MessageRow } from '../../database/messages/messages.js';
import { PermanentError } from '../../common/errors.js';
import type { ActivityDeps } from '../deps.js';
import { readInput } from '../read-input.js';
import { decideShown, decideTakenOff } from '../send-message.js';
import type { BurstStepInput } from './burst-step.js';
import { changePasses, type ChangedPasses } from './change-passes.js';

/** show-message over a burst: lays messages that have taken their turn over their passes, each as a revision of its own. */
export const showMessagesActivity = (deps: ActivityDeps) =>
  async function showMany(ref: BurstStepInput): Promise<ChangedPasses> {
    const now = new Date(deps.now());
    let messages: ReadonlyMap<string, MessageRow> = new Map();
    const shown = await changePasses(deps, {
      ref,
      step: 'show-message',
      change: 'message',
      asks: ({ operation }) => operation.kind === 'send-message',
      // A cancellation comes too late: the message has taken its turn.
      cancellable: false,
      // Read after the passes: an end that comes in between moves the pass's lock version, and the message is decided again.
      prepare: async ({ tenant }, operations) =>
        void (messages = await findMessages(
          tenant,
          operations.map(({ operationId }) => operationId),
        )),
      decide: async ({ pass }, { operationId }) => {
        const message = messages.get(operationId);
        if (!message) throw new PermanentError('pass-vanished', 'The message was erased with its pass.');
        return decideShown(pass, message, now);
      },
    });
    await markSentMany(deps.database.tenant(ref.tenantId), ref, now);
    return shown;
  };

/** end-message over a burst: takes messages off their passes and changes nothing else. */
export const endMessagesActivity = (deps: ActivityDeps) =>
  async function endMany(ref: BurstStepInput): Promise<ChangedPasses> {
    // Marked before the passes are read: a show-message under way sees it and gives up.
    await markEndedMany(deps.database.tenant(ref.tenantId), ref);
    return changePasses(deps, {
      ref,
      step: 'end-message',
      change: 'message',
      asks: ({ operation }) => operation.kind === 'end-message',
      // Its row says that the message is over, so a cancellation must not leave it on the pass.
      cancellable: false,
      decide: async ({ pass, operation }) => {
        const { messageId } = readInput<'end-message'>(operation, 'messageId');
        return decideTakenOff(pass, messageId);
      },
    });
  };
