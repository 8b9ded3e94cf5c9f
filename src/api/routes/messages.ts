import type Koa from 'koa';
import { z } from 'zod';
import { listMessages, type MessageRow } from '../../database/messages/messages.js';
import type { PassRow } from '../../database/passes/passes.js';
import { MESSAGE_CLASSES } from '../../passes/message.js';
import type { SendMessageInput } from '../../passes/operation-input.js';
import { acceptOperation } from '../accept-operation.js';
import type { Caller } from '../access/credentials.js';
import { withinDeadline } from '../deadline.js';
import { answerEmpty } from '../empty-answer.js';
import { none, serialNumber, tenantId } from '../parameters.js';
import { deliveryBody, FLOW_ID_HEADER, IDEMPOTENCY_KEY_HEADER } from '../requests/delivery-description.js';
import { sendMessageParser } from '../requests/index.js';
import { checkListener, readDelivery } from '../requests/read-delivery.js';
import { SEND_MESSAGE } from '../requests/send-message.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { statusUrl } from '../status-url.js';
import { endOnPass } from './end-on-pass.js';
import { undeletedPassBySerial } from './pass-by-serial.js';

const accepted = z.object({
  messageId: z.uuid().describe('Id of the message and of the operation that sends it'),
  operationId: z.uuid(),
  statusUrl: z.url(),
});
const localized = z.union([z.string(), z.record(z.string(), z.string())]);
const messageView = z.object({
  messageId: z.uuid(),
  class: z.enum(MESSAGE_CLASSES),
  state: z.enum(['sending', 'sent', 'ended']),
  message: localized,
  title: localized.nullable(),
  link: z.string().nullable(),
  sentAt: z.iso.datetime().nullable(),
  receivedAt: z.iso
    .datetime()
    .nullable()
    .describe(
      'When a phone first fetched the pass with it (Apple). Google does not report it: null does not mean unseen',
    ),
  validUntil: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
  statusUrl: z.url(),
});

/** Messages that a list shows, newest first. */
const LISTED = 50;

/** Messages to passes: from flows, by serial number, their list, and taking one back. */
export function messageRoutes(deps: ApiDeps): Route[] {
  const present = (tenant: string, row: MessageRow): z.output<typeof messageView> => ({
    messageId: row.message_id,
    class: row.class,
    state: row.state === 'claimed' ? 'sending' : row.state,
    message: row.content.text,
    title: row.content.title,
    link: row.content.link,
    sentAt: row.sent_at?.toISOString() ?? null,
    receivedAt: row.received_at?.toISOString() ?? null,
    validUntil: row.valid_until?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    statusUrl: statusUrl(deps, tenant, row.message_id),
  });

  /** Accepts the message of the body; `pass` where the address names it. */
  async function send(
    ctx: Koa.Context,
    { caller, correlationId }: { caller: Caller; correlationId: string },
    pass?: PassRow,
  ): Promise<string> {
    checkListener(ctx, caller, 'sendMessage');
    const zone = caller.tenant.settings.timeZone ?? 'UTC';
    const parse = sendMessageParser({ zone, now: new Date(deps.now()), named: pass !== undefined });
    const { command, repairs } = await readDelivery(ctx, caller, parse);
    const { idempotencyKey, ...rest } = command;
    const named = pass && {
      passId: pass.pass_id,
      identifiers: [{ kind: 'serialNumber', value: pass.serial_number }],
    };
    const input: SendMessageInput = { ...rest, ...named };
    const { operationId } = await acceptOperation(deps, ctx, {
      caller,
      kind: 'send-message',
      origin: pass === undefined || ctx.get('X-Klaviyo-Flow-ID') ? 'klaviyo' : 'api',
      correlationId,
      input,
      idempotencyKey,
      repairs,
    });
    return operationId;
  }

  const answer = (ctx: Koa.Context, tenant: string, messageId: string, operationId = messageId): void => {
    ctx.status = 202;
    ctx.body = { messageId, operationId, statusUrl: statusUrl(deps, tenant, operationId) };
  };
  const ofPass = '/v1/passes/:serialNumber/messages';

  return [
    route({
      method: 'POST',
      path: '/api/:tenantId/webhooks/listeners/klaviyo/passes/notify',
      scope: 'KlaviyoListener.Write',
      summary: 'Send a message to a pass: the lock screen says it, the back of the card keeps it',
      tag: 'Klaviyo flows',
      operationId: 'sendMessageFromFlow',
      listener: 'sendMessage',
      params: z.object({ tenantId }),
      query: none,
      headers: [IDEMPOTENCY_KEY_HEADER, FLOW_ID_HEADER],
      body: deliveryBody(SEND_MESSAGE.schema, SEND_MESSAGE.example),
      answers: {
        200: { description: 'Accepted and durable; X-Correlation-Id and Location lead to its status' },
      },
      problems: ['listener-closed', 'flow-not-allowed', 'idempotency-key-reused'],
      async handler(ctx, { caller, correlationId }) {
        await send(ctx, { caller, correlationId });
        answerEmpty(ctx, 200);
      },
    }),
    route({
      method: 'POST',
      path: ofPass,
      scope: 'Pass.Write',
      summary: 'Send a message to one pass',
      tag: 'Messages and offers',
      operationId: 'sendMessage',
      params: z.object({ serialNumber }),
      query: none,
      headers: [IDEMPOTENCY_KEY_HEADER],
      body: deliveryBody(SEND_MESSAGE.schema, SEND_MESSAGE.example),
      answers: { 202: { description: 'Accepted and durable; the status says when it goes', schema: accepted } },
      problems: ['not-found', 'listener-closed', 'flow-not-allowed', 'idempotency-key-reused'],
      async handler(ctx, { params, caller, correlationId }) {
        const pass = await undeletedPassBySerial(deps, caller, params.serialNumber);
        answer(ctx, caller.tenant.tenantId, await send(ctx, { caller, correlationId }, pass));
      },
    }),
    route({
      method: 'GET',
      path: ofPass,
      scope: 'Pass.Read',
      summary: `The last ${LISTED} messages of a pass, newest first; those still held back are operations only`,
      tag: 'Messages and offers',
      operationId: 'listMessages',
      params: z.object({ serialNumber }),
      query: none,
      answers: { 200: { description: 'The messages', schema: z.object({ messages: z.array(messageView) }) } },
      problems: ['not-found'],
      async handler(ctx, { params, caller }) {
        const { tenantId: tenant } = caller.tenant;
        const pass = await undeletedPassBySerial(deps, caller, params.serialNumber);
        const rows = await withinDeadline(listMessages(deps.database.tenant(tenant), pass.pass_id, LISTED));
        ctx.body = { messages: rows.map((row) => present(tenant, row)) };
      },
    }),
    route({
      method: 'DELETE',
      path: `${ofPass}/:messageId`,
      scope: 'Pass.Write',
      summary: 'Take a message off the wallets at once, quietly; one that is still held back is not sent',
      tag: 'Messages and offers',
      operationId: 'endMessage',
      params: z.object({ serialNumber, messageId: z.uuid().toLowerCase() }),
      query: none,
      answers: { 202: { description: 'Accepted; the status says when it is gone', schema: accepted } },
      problems: ['not-found', 'conflict', 'idempotency-key-reused'],
      async handler(ctx, { params, caller, correlationId }) {
        const { tenantId: tenant } = caller.tenant;
        const pass = await undeletedPassBySerial(deps, caller, params.serialNumber);
        const request = { caller, correlationId, pass };
        const operationId = await endOnPass(deps, ctx, 'message', params.messageId, request);
        answer(ctx, tenant, params.messageId, operationId);
      },
    }),
  ];
}
