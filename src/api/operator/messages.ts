import { listAskedMessages, type AskedMessage } from '../../database/messages/asked-messages.js';
import { findMessage } from '../../database/messages/messages.js';
import { requestCancellation } from '../../database/operations/cancellations.js';
import { listOperatorPasses } from '../../database/operations/operator.js';
import { findOffer, listNewestOffers, listOffers, type OfferRow } from '../../database/offers/offers.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { messagesPage, type MessageLine, type OfferLine } from '../../pages/message-offer-pages.js';
import type { Tone } from '../../pages/operator-frame.js';
import { FINAL_STATUSES, type OperationStatus } from '../../passes/operation.js';
import { acceptOperation } from '../accept-operation.js';
import { sendPage, redirect } from '../page-response.js';
import { ApiError } from '../problems.js';
import type { ApiDeps, Route } from '../route.js';
import type { Handle, Inside } from './inside.js';
import { byOperator, demand, mays } from './operator-rights.js';
import type { OperatorSession } from './operator-session.js';

const LISTED = 50;

/** What may be read and done; the text of a message can name its reader. */
interface Rights {
  text: boolean;
  end: boolean;
  cancel: boolean;
}

const rightsOf = (session: OperatorSession): Rights => ({
  text: mays(session, 'Customer.Read'),
  end: mays(session, 'Pass.Write'),
  cancel: mays(session, 'Operation.Write'),
});

function stateOf({ status, outcome, state, waiting_for: waits }: AskedMessage): [word: string, Tone] {
  if (state === 'ended') return ['taken off', ''];
  if (state === 'sent') return ['on the pass', 'good'];
  if (status === 'failed') return ['failed', 'bad'];
  if (outcome === 'message-held-back') return ['held back', 'note'];
  if (FINAL_STATUSES.includes(status)) return [outcome ?? status, 'note'];
  if (state === null && waits !== null) return ['waits', 'note'];
  return ['on its way', ''];
}

function whyOf({ status, state, reason, waiting_for: waits, waits_until: until }: AskedMessage): string | null {
  const waiting = state === null && waits !== null && !FINAL_STATUSES.includes(status);
  return waiting
    ? `for ${waits}${until === null ? '' : `, ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC`}`
    : reason;
}

function textOf({ content }: AskedMessage, rights: Rights): string {
  if (!rights.text) return 'A message (its text needs Customer.Read)';
  const text =
    content === null
      ? undefined
      : [content.text].flatMap((one) => (typeof one === 'string' ? one : Object.values(one)))[0];
  return text === undefined ? 'A message (its text was emptied)' : text.slice(0, 120);
}

function presentMessage(row: AskedMessage, rights: Rights): MessageLine {
  const [state, tone] = stateOf(row);
  const path = `/messages/${row.message_id}`;
  const canCancel = rights.cancel && row.state === null && !FINAL_STATUSES.includes(row.status);
  const canEnd = rights.end && row.state === 'sent';
  return {
    messageId: row.message_id,
    passId: row.pass_id,
    text: textOf(row, rights),
    state,
    tone,
    why: whyOf(row),
    test: row.test,
    askedAt: row.accepted_at,
    sentAt: row.sent_at,
    receivedAt: row.received_at,
    until: row.ended_at ?? row.valid_until,
    action: canEnd
      ? { path: `${path}/end`, label: 'Take off now' }
      : canCancel
        ? { path: `${path}/cancel`, label: 'Do not send' }
        : null,
  };
}

const OFFER_TONES: Readonly<Record<OfferRow['state'], Tone>> = { planned: 'note', active: 'good', ended: '' };

/** Names of fields only: values are the customer's. */
function presentOffer(row: OfferRow, typeNames: ReadonlyMap<string, string>, rights: Rights): OfferLine {
  const type = row.pass_type_id && `type ${typeNames.get(row.pass_type_id) ?? row.pass_type_id}`;
  return {
    offerId: row.offer_id,
    passId: row.pass_id,
    covers: [type, ...Object.keys(row.fields)].filter(Boolean).join(', '),
    state: row.state,
    tone: OFFER_TONES[row.state],
    uses: row.uses === null ? null : `used ${row.used} of ${row.uses} times`,
    from: row.started_at ?? row.starts_at,
    until: row.ended_at ?? row.ends_at,
    action: rights.end && row.state !== 'ended' ? { path: `/offers/${row.offer_id}/end`, label: 'End now' } : null,
  };
}

/** The pages of messages and offers: of the tenant, of a pass; taking one off, or not sending one that waits. */
export function messagePages(deps: ApiDeps, inside: Inside): Route[] {
  const list: Handle = async (ctx, session, params) => {
    const db = deps.database.tenant(session.tenant.tenantId);
    const { passId } = params;
    if (passId !== undefined && (await listOperatorPasses(db, { passId })).length === 0) {
      throw new ApiError('not-found', 'No such pass.');
    }
    const [asked, offers, types] = await Promise.all([
      listAskedMessages(db, { passId, limit: LISTED }),
      passId === undefined ? listNewestOffers(db, LISTED) : listOffers(db, passId, LISTED),
      listPassTypes(db),
    ]);
    const names = new Map(types.map(({ passTypeId, design }) => [passTypeId, design.name]));
    const rights = rightsOf(session);
    const view = {
      passId: passId ?? null,
      messages: asked.map((row) => presentMessage(row, rights)),
      offers: offers.map((row) => presentOffer(row, names, rights)),
    };
    sendPage(ctx, deps, messagesPage(session.frame, view));
  };

  /** Accepts the end of one, and shows what became of it. */
  const end =
    (kind: 'message' | 'offer'): Handle =>
    async (ctx, session, params) => {
      demand(session, 'Pass.Write');
      const { tenantId } = session.tenant;
      const db = deps.database.tenant(tenantId);
      const id = params[`${kind}Id`]!;
      const row = kind === 'message' ? await findMessage(db, id) : await findOffer(db, id);
      if (!row) throw new ApiError('not-found', `No such ${kind}.`);
      if (row.state === 'ended') throw new ApiError('conflict', `The ${kind} has ended already.`);
      const request = byOperator(ctx, session);
      const { pass_id: passId } = row;
      const { operationId } =
        kind === 'message'
          ? await acceptOperation(deps, ctx, { ...request, kind: 'end-message', input: { passId, messageId: id } })
          : await acceptOperation(deps, ctx, { ...request, kind: 'end-offer', input: { passId, offerId: id } });
      redirect(ctx, `/ops/${tenantId}/operations/${operationId}`);
    };

  const cancel: Handle = async (ctx, session, params) => {
    demand(session, 'Operation.Write');
    const { tenantId } = session.tenant;
    const id = params['messageId']!;
    const status: OperationStatus | undefined = await requestCancellation(deps.database.tenant(tenantId), id);
    if (status === undefined) throw new ApiError('not-found', 'No such message.');
    if (FINAL_STATUSES.includes(status)) throw new ApiError('conflict', `It has ended already: ${status}.`);
    redirect(ctx, `/ops/${tenantId}/operations/${id}`);
  };

  return [
    inside('GET', '/messages', 'Messages and offers', list),
    inside('GET', '/passes/:passId/messages', 'Messages and offers of a pass', list),
    inside('POST', '/messages/:messageId/end', 'Takes a message off', end('message')),
    inside('POST', '/messages/:messageId/cancel', 'Stops a message that waits', cancel),
    inside('POST', '/offers/:offerId/end', 'Ends an offer', end('offer')),
  ];
}
