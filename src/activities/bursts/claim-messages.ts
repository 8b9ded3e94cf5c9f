import { holdBack, type HeldBack } from '../../database/bursts/held-back.js';
import { claimMessages, listUnclaimed, type TakenTurn, type UnclaimedMessage } from '../../database/bursts/messages.js';
import {
  endBurstOperations,
  recordBurstStep,
  type BurstStepRecord,
  type Leaver,
} from '../../database/bursts/burst-steps.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { ActivityDeps } from '../deps.js';
import { decideTurn, hoursThatCount, overBefore, sentDetail, type Turn } from '../message-turn.js';
import { readInput } from '../read-input.js';
import { inSlices, leaverOf, type BurstStepInput, type Slice } from './burst-step.js';
import { inHalves } from './in-halves.js';

const STEP = 'claim-message';

/** claim-message over a burst: decides which messages go now, later or never, under the locks of all their customers. */
export function claimMessagesActivity(deps: ActivityDeps) {
  return async function claimMany(ref: BurstStepInput): Promise<{ held: number }> {
    const settings = await deps.tenantSettings(ref.tenantId);
    const counts = { held: 0 };
    const unclaimed = (tenant: Slice['tenant'], ids: string[]) => listUnclaimed(tenant, ref, ids);
    await inSlices(deps, ref, STEP, unclaimed, (slice) => claimSlice(deps, settings, slice, counts));
    return counts;
  };
}

/** Judges all messages but those that PostgreSQL refuses; these leave the burst. */
async function claimSlice(
  deps: ActivityDeps,
  settings: TenantSettings,
  slice: Slice,
  counts: { held: number },
): Promise<void> {
  const { tenant, ref } = slice;
  const judged: Turns[] = [];
  const refused: Leaver[] = [];
  await inHalves(
    slice.operationIds,
    async (some) => {
      const now = new Date(deps.now());
      let turns = noTurns();
      const asked = { channel: settings.messages.requireConsent, hours: hoursThatCount(settings), now };
      await claimMessages(tenant, ref, some, asked, (messages) => {
        turns = decideTurns(messages, settings, now);
        return turns.taken;
      });
      judged.push(turns);
    },
    (operationId, error) => void refused.push(leaverOf(operationId, error)),
  );
  for (const { cancelled, records, held, leavers } of judged) {
    await endBurstOperations(
      tenant,
      ref,
      cancelled.map((operationId) => ({ operationId, outcome: 'cancelled', status: 'cancelled' })),
    );
    await recordBurstStep(tenant, ref, STEP, records);
    await holdBack(tenant, ref, held);
    await slice.leave(leavers);
    counts.held += held.length;
  }
  await slice.leave(refused);
}

interface Turns {
  taken: TakenTurn[];
  records: BurstStepRecord[];
  held: HeldBack[];
  cancelled: string[];
  leavers: Leaver[];
}

const noTurns = (): Turns => ({ taken: [], records: [], held: [], cancelled: [], leavers: [] });

/** Judges each message together with those that were sent to its customer just before. */
function decideTurns(messages: readonly UnclaimedMessage[], settings: TenantSettings, now: Date): Turns {
  const turns = noTurns();
  const sent = new Map<string, Date[]>();
  for (const message of messages) {
    try {
      decideOne(message, turns, sent, settings, now);
    } catch (error) {
      turns.leavers.push(leaverOf(message.operationId, error));
    }
  }
  return turns;
}

function decideOne(
  { operationId, passId, input: asked, cancelRequested, claimed, turn }: UnclaimedMessage,
  turns: Turns,
  sent: Map<string, Date[]>,
  settings: TenantSettings,
  now: Date,
): void {
  const input = readInput<'send-message'>({ input: asked }, 'content', 'class');
  const drop = ({ detail, reason }: Extract<Turn, { do: 'drop' }>) =>
    turns.records.push({ operationId, state: 'skipped', detail, outcome: 'message-held-back', reason });
  const send = () => turns.records.push({ operationId, state: 'succeeded', detail: sentDetail(input) });
  const over = overBefore(input, now);
  if (cancelRequested && !claimed) return void turns.cancelled.push(operationId);
  if (over) return void drop(over);
  if (claimed) return void send();
  // The pass was erased, or changed hands a moment ago: alone, the operation looks again.
  if (turn === null) return void turns.leavers.push({ operationId });
  const key = `${turn.customerId} ${input.class}`;
  const before = sent.get(key) ?? [];
  const decided = decideTurn(input, settings, { ...turn, sentAt: [...turn.sentAt, ...before] }, now);
  if (decided.do === 'wait') {
    turns.held.push({ operationId, until: decided.until, detail: decided.detail });
  } else if (decided.do === 'drop') {
    drop(decided);
  } else {
    sent.set(key, [...before, now]);
    turns.taken.push({
      message_id: operationId,
      pass_id: passId,
      customer_id: turn.customerId,
      class: input.class,
      content: input.content,
      valid_until: decided.validUntil,
    });
    send();
  }
}
