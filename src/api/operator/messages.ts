import { listAskedMessages, type AskedMessage } from '../../database/messages/asked-messages.js';
import { findMessage } from '../../database/messages/messages.js';
import { requestCancellation } from '../../database/operations/cancellations.js';
import { listHolders } from '../../database/operations/list-holders.js';
import { findOperation } from '../../database/operations/operations.js';
import { listOperatorPasses } from '../../database/operations/operator.js';
import { findOffer, listNewestOffers, listOffers, type OfferRow } from '../../database/offers/offers.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { messagesPage, type MessageLine, type OfferLine } from '../../pages/message-offer-pages.js';
import type { Tone } from '../../pages/operator-frame.js';
import { FINAL_STATUSES, type Outcome } from '../../passes/operation.js';
import { acceptOperation } from '../accept-operation.js';
import { sendPage, redirect } from '../page-response.js';
import { ApiError } from '../problems.js';
import type { ApiDeps, Route } from '../route.js';
import { askFirst } from './ask-first.js';
import type { Handle, Inside } from './inside.js';
import { byOperator, demand, mays } from './operator-rights.js';
import type { OperatorSession } from './operator-session.js';
import { nameCustomer, shortName } from './person.js';
import { BECAME } from './plain-words.js';

const LISTED = 50;
const inWords = (outcome: Outcome): string => BECAME[outcome].charAt(0).toLowerCase() + BECAME[outcome].slice(1);
const QUESTION = { back: '/messages', here: '/messages' } as const;

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
  if (FINAL_STATUSES.includes(status)) return [outcome === null ? status : inWords(outcome), 'note'];
  if (state === null && waits !== null) return ['waits', 'note'];
  return ['on its way', ''];
}

function whyOf({ status, state, reason, waiting_for: waits, waits_until: until }: AskedMessage): string | null {
  const waiting = state === null && waits !== null && !FINAL_STATUSES.includes(status);
  return waiting
    ? `for ${waits}${until === null ? '' : `, ${until.toISOString().slice(0, 16).replace('T', ' ')} UTC`}`
    : reason;
}

function textOf({ content }: Pick<AskedMessage, 'content'>, rights: Rights): string {
  if (!rights.text) return 'A message (its text needs Customer.Read)';
  const text =
    content === null
      ? undefined
      : [content.text].flatMap((one) => (typeof one === 'string' ? one : Object.values(one)))[0];
  return text === undefined ? 'A message (its text was emptied)' : text.slice(0, 120);
}

function presentMessage(row: AskedMessage, rights: Rights): Omit<MessageLine, 'whom'> {
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
function presentOffer(row: OfferRow, typeNames: ReadonlyMap<string, string>, rights: Rights): Omit<OfferLine, 'whom'> {
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
    const shown = [...asked, ...offers].flatMap(({ pass_id: id }) => id ?? []);
    const holders = new Map((await listHolders(db, { passIds: [...new Set(shown)] })).map((row) => [row.pass_id, row]));
    const whomOf = (id: string | null) => shortName(session, holders.get(id ?? '') ?? null);
    const view = {
      passId: passId ?? null,
      messages: asked.map((row) => ({ ...presentMessage(row, rights), whom: whomOf(row.pass_id) })),
      offers: offers.map((row) => ({ ...presentOffer(row, names, rights), whom: whomOf(row.pass_id) })),
    };
    sendPage(ctx, deps, messagesPage(session.frame, view));
  };

  /** What is to be ended, as long as it has not ended; with what a question says of it. */
  const findEndable = {
    async message(session: OperatorSession, id: string) {
      const row = await findMessage(deps.database.tenant(session.tenant.tenantId), id);
      if (!row) throw new ApiError('not-found', 'No such message.');
      const of = textOf({ content: row.content }, rightsOf(session));
      return { row, of: `“${of}”`, says: 'It cannot be put back: to show it again, send it anew.' };
    },
    async offer(session: OperatorSession, id: string) {
      const row = await findOffer(deps.database.tenant(session.tenant.tenantId), id);
      if (!row) throw new ApiError('not-found', 'No such offer.');
      const of = `The offer (${Object.keys(row.fields).join(', ') || 'another type'})`;
      return { row, of, says: 'What lies beneath shows again. It cannot go on: to show it again, start a new one.' };
    },
  };

  /** Accepts the end of one, and shows what became of it. */
  const end = (kind: 'message' | 'offer', path: string, words: { summary: string; title: string; does: string }) => {
    const endable = async (session: OperatorSession, params: Record<string, string>) => {
      demand(session, 'Pass.Write');
      const found = await findEndable[kind](session, params[`${kind}Id`]!);
      if (found.row.state === 'ended') throw new ApiError('conflict', `The ${kind} has ended already.`);
      return found;
    };
    return askFirst(deps, inside, {
      path,
      summary: words.summary,
      async ask(session, params) {
        const { row, of, says } = await endable(session, params);
        const db = deps.database.tenant(session.tenant.tenantId);
        const [pass] = await listOperatorPasses(db, { passId: row.pass_id });
        const who = await nameCustomer(db, session, pass?.customer_id ?? null);
        return {
          ...QUESTION,
          title: words.title,
          does: words.does,
          says: [`${of} is taken off the pass of ${who}.`, says],
        };
      },
      async act(ctx, session, params) {
        const { row } = await endable(session, params);
        const request = byOperator(ctx, session);
        const { pass_id: passId } = row;
        const { operationId } =
          'message_id' in row
            ? await acceptOperation(deps, ctx, {
                ...request,
                kind: 'end-message',
                input: { passId, messageId: row.message_id },
              })
            : await acceptOperation(deps, ctx, {
                ...request,
                kind: 'end-offer',
                input: { passId, offerId: row.offer_id },
              });
        redirect(ctx, `/ops/${session.tenant.tenantId}/operations/${operationId}`);
      },
    });
  };

  /** A message that can still be stopped. */
  const stoppable = async (session: OperatorSession, params: Record<string, string>) => {
    demand(session, 'Operation.Write');
    const row = await findOperation(deps.database.tenant(session.tenant.tenantId), params['messageId']!);
    if (row?.kind !== 'send-message') throw new ApiError('not-found', 'No such message.');
    if (FINAL_STATUSES.includes(row.status)) throw new ApiError('conflict', `It has ended already: ${row.status}.`);
    return row;
  };
  const cancel = askFirst(deps, inside, {
    path: '/messages/:messageId/cancel',
    summary: 'Stops a message that waits',
    async ask(session, params) {
      const { pass_id: passId, customer_id: customerId } = await stoppable(session, params);
      const db = deps.database.tenant(session.tenant.tenantId);
      const [asked] =
        passId === null
          ? []
          : (await listAskedMessages(db, { passId, limit: LISTED })).filter(
              ({ message_id: id }) => id === params['messageId'],
            );
      const of = asked ? `“${textOf(asked, rightsOf(session))}”` : 'The message';
      const who = await nameCustomer(db, session, customerId);
      return {
        ...QUESTION,
        title: 'Do not send this message?',
        does: 'Do not send it',
        says: [`${of} is not sent to ${who}.`, 'If it should go after all, the page of its request has “Retry”.'],
      };
    },
    async act(ctx, session, params) {
      const { operation_id: id } = await stoppable(session, params);
      const { tenantId } = session.tenant;
      await requestCancellation(deps.database.tenant(tenantId), id);
      redirect(ctx, `/ops/${tenantId}/operations/${id}`);
    },
  });

  return [
    inside('GET', '/messages', 'Messages and offers', list),
    inside('GET', '/passes/:passId/messages', 'Messages and offers of a pass', list),
    ...end('message', '/messages/:messageId/end', {
      summary: 'Takes a message off',
      title: 'Take this message off?',
      does: 'Take it off now',
    }),
    ...cancel,
    ...end('offer', '/offers/:offerId/end', { summary: 'Ends an offer', title: 'End this offer?', does: 'End it now' }),
  ];
}
