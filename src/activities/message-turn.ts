import type { MessageTurn } from '../database/messages/messages.js';
import { PermanentError } from '../common/errors.js';
import { zoneOf, ZONE_PROPERTIES } from '../passes/customer-zone.js';
import { HOLD_REASONS, holdMessage } from '../passes/hold-message.js';
import type { SendMessageInput } from '../passes/operation-input.js';
import type { PassState } from '../passes/pass.js';
import type { TenantSettings } from '../passes/tenant-settings.js';

/** Whether a message goes now, later or never, with what the step says of it. */
export type Turn =
  | { do: 'send'; validUntil: Date | null; detail: Record<string, unknown> }
  | { do: 'wait'; until: Date; detail: Record<string, unknown> }
  | { do: 'drop'; reason: string; detail: Record<string, unknown> };

/** A wait ends at least this often: settings, consents and clocks may have changed meanwhile. */
const LONGEST_WAIT_MS = 86_400_000;

/** Refuses a message to a pass that nobody holds any more. */
export function takesMessages(state: PassState): void {
  if (state === 'active') return;
  throw new PermanentError('state-conflict', `The pass is ${state}: it takes no messages.`, { state });
}

/** When the message goes by itself, if it is sent now. */
function endOf({ validUntil, validForSeconds }: SendMessageInput, now: Date): Date | null {
  if (validUntil !== null) return new Date(validUntil);
  return validForSeconds === null ? null : new Date(now.getTime() + validForSeconds * 1000);
}

/** A message whose time is over before its turn; undefined for others. */
export function overBefore(input: SendMessageInput, now: Date): Extract<Turn, { do: 'drop' }> | undefined {
  const until = endOf(input, now);
  if (until === null || until > now) return undefined;
  const reason = 'The message was over before its turn came (validUntil).';
  return { do: 'drop', reason, detail: { heldBack: 'over' } };
}

/** What the step says of a message whose turn it is. */
export const sentDetail = (input: SendMessageInput) => ({ class: input.class });

/** The rule of claim-message, for one message and for many alike: by what was sent to the customer before. */
export function decideTurn(input: SendMessageInput, settings: TenantSettings, turn: MessageTurn, now: Date): Turn {
  takesMessages(turn.passState);
  const held = holdMessage({
    class: input.class,
    notBefore: input.notBefore === null ? null : new Date(input.notBefore),
    respectQuietHours: input.respectQuietHours,
    settings: settings.messages,
    hasConsent: turn.granted,
    sentAt: turn.sentAt,
    pausedAt: turn.pausedAt,
    zone: zoneOf(
      ZONE_PROPERTIES.map((name) => turn.properties[name]).find((zone) => zone != null),
      settings.timeZone,
    ),
    now,
  });
  if (held.do === 'send') return { do: 'send', validUntil: endOf(input, now), detail: sentDetail(input) };
  const { reason } = held;
  if (held.do === 'drop') return { do: 'drop', reason: HOLD_REASONS[reason], detail: { heldBack: reason } };
  const detail = { waitingFor: HOLD_REASONS[reason], until: held.until.toISOString(), heldBack: reason };
  const longest = now.getTime() + LONGEST_WAIT_MS;
  return { do: 'wait', until: new Date(Math.min(Math.max(now.getTime() + 1, held.until.getTime()), longest)), detail };
}

/** How far back earlier messages of a customer count, hours. */
export const hoursThatCount = ({ messages }: TenantSettings): number => messages.cap?.hours ?? 1;
