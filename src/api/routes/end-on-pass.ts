import type Koa from 'koa';
import type { Sql } from '../../database/connect.js';
import { findMessage, type MessageRow } from '../../database/messages/messages.js';
import { findOffer, type OfferRow } from '../../database/offers/offers.js';
import { requestCancellation } from '../../database/operations/cancellations.js';
import { findOperation } from '../../database/operations/operations.js';
import type { PassRow } from '../../database/passes/passes.js';
import { FINAL_STATUSES, type OperationKind } from '../../passes/operation.js';
import { acceptOperation } from '../accept-operation.js';
import type { Caller } from '../access/credentials.js';
import { withinDeadline } from '../deadline.js';
import { ApiError } from '../problems.js';
import type { ApiDeps } from '../route.js';

/** What lies on a pass for a time: the row that says so, and the kinds of operation that bring it and take it off. */
const LYING = {
  message: {
    find: (db: Sql, id: string): Promise<Lying | undefined> => findMessage(db, id),
    broughtBy: 'send-message',
    takenOff: (passId: string, messageId: string) => ({ kind: 'end-message', input: { passId, messageId } }) as const,
  },
  offer: {
    find: (db: Sql, id: string): Promise<Lying | undefined> => findOffer(db, id),
    broughtBy: 'start-offer',
    takenOff: (passId: string, offerId: string) => ({ kind: 'end-offer', input: { passId, offerId } }) as const,
  },
} as const;
type Lying = Pick<MessageRow | OfferRow, 'pass_id' | 'state'>;

interface EndRequest {
  caller: Caller;
  correlationId: string;
  pass: PassRow;
}

/**
 * Takes a message or an offer off its pass before its time. Returns the operation that does it: a new one, or the one that
 * was to bring it and is cancelled.
 */
export async function endOnPass(
  deps: ApiDeps,
  ctx: Koa.Context,
  what: keyof typeof LYING,
  id: string,
  { caller, correlationId, pass }: EndRequest,
): Promise<string> {
  const { find, broughtBy, takenOff } = LYING[what];
  const { pass_id: passId } = pass;
  const db = deps.database.tenant(caller.tenant.tenantId);
  const row = await withinDeadline(find(db, id));
  if (!row && (await cancelHeld(db, { operationId: id, kind: broughtBy, passId }))) return id;
  if (row?.pass_id !== passId) throw new ApiError('not-found', `This pass has no ${what} of this id.`);
  if (row.state === 'ended') throw new ApiError('conflict', `The ${what} has ended already.`);
  const request = { caller, correlationId, origin: 'api', idempotencyKey: null } as const;
  const { operationId } = await acceptOperation(deps, ctx, { ...request, ...takenOff(passId, id) });
  return operationId;
}

/** Asks for the end of an operation that has not brought its message or offer so far. False where none is under way for the pass. */
async function cancelHeld(
  db: Sql,
  held: { operationId: string; kind: OperationKind; passId: string },
): Promise<boolean> {
  const operation = await withinDeadline(findOperation(db, held.operationId));
  if (operation?.kind !== held.kind || (operation.pass_id ?? operation.input['passId']) !== held.passId) return false;
  const status = await requestCancellation(db, held.operationId);
  return status !== undefined && !FINAL_STATUSES.includes(status);
}
