import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isSuccess, type Fields, type Journal, type RequestKind } from './journal.js';

export interface TenantAccess {
  readonly tenantId: string;
  readonly publicUrl: string;
  readonly keys: { klaviyo: string; passes: string };
}

/** One event of a merchant or flow; what is sent again is this same one. */
export interface Order {
  readonly key: string;
  readonly kind: RequestKind;
  readonly subject: string;
  readonly fields: Fields;
  readonly method: 'POST' | 'PATCH';
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
}

export interface Answer {
  readonly status: number | null;
  readonly serialNumber: string | null;
}

const ANSWER_MS = 15_000;
const PAUSE_MS = 1_000;
/** As patient as Klaviyo is with a webhook, in the time of a drill. */
const ATTEMPTS = 300;

const values = ({ points, offer }: Fields): object => ({
  ...(points !== undefined && { points: Number(points) }),
  ...(offer !== undefined && { offer }),
});

const NAME = 'Chaos Customer';

/** A flow's webhook that changes a pass found by e-mail address. */
export const pushUpdate = ({ tenantId, keys }: TenantAccess, subject: string, fields: Fields): Order => ({
  key: randomUUID(),
  kind: 'push-update',
  subject,
  fields,
  method: 'POST',
  path: `/api/${tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`,
  authorization: keys.klaviyo,
  body: JSON.stringify({ identifiers: { email: subject }, additionalData: values(fields) }),
});

/** A program's change of a pass that it knows by serial number. */
export const patchPass = (
  { keys }: TenantAccess,
  { subject, serialNumber }: { subject: string; serialNumber: string },
  fields: Fields,
): Order => ({
  key: randomUUID(),
  kind: 'push-update',
  subject,
  fields,
  method: 'PATCH',
  path: `/v1/passes/${serialNumber}`,
  authorization: keys.passes,
  body: JSON.stringify({ pass: values(fields) }),
});

/** A flow's webhook about a changed profile. */
export const syncProfile = ({ tenantId, keys }: TenantAccess, subject: string, fields: Fields): Order => ({
  key: randomUUID(),
  kind: 'profile-sync',
  subject,
  fields,
  method: 'POST',
  path: `/api/${tenantId}/webhooks/listeners/klaviyo/profiles/sync`,
  authorization: keys.klaviyo,
  body: JSON.stringify({
    email: subject,
    properties: {
      ...(fields['points'] !== undefined && { loyalty_points: Number(fields['points']) }),
      ...(fields['offer'] !== undefined && { loyalty_offer: fields['offer'] }),
    },
  }),
});

/** A message on the lock screen, beside the values of the pass. */
export const sendMessage = (
  { keys }: TenantAccess,
  { subject, serialNumber }: { subject: string; serialNumber: string },
  number: number,
): Order => ({
  key: randomUUID(),
  kind: 'send-message',
  subject,
  fields: {},
  method: 'POST',
  path: `/v1/passes/${serialNumber}/messages`,
  authorization: keys.passes,
  body: JSON.stringify({ message: `Message ${number}`, class: 'service' }),
});

/** A pass for somebody new. */
export const issuePass = ({ keys }: TenantAccess, subject: string, fields: Fields): Order => ({
  key: randomUUID(),
  kind: 'issue-pass',
  subject,
  fields,
  method: 'POST',
  path: '/v1/passes',
  authorization: keys.passes,
  body: JSON.stringify({
    passTemplate: 'basic',
    pass: { 'member-name': NAME, 'member-email': subject, ...values(fields) },
    recipient: { email: subject, name: NAME },
  }),
});

/** Sends it once; a connection that broke is status null. */
async function send({ publicUrl }: TenantAccess, order: Order): Promise<Answer & { operationId: string | null }> {
  try {
    const response = await fetch(`${publicUrl}${order.path}`, {
      method: order.method,
      headers: {
        authorization: `Bearer ${order.authorization}`,
        'content-type': 'application/json',
        'idempotency-key': order.key,
      },
      body: order.body,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await response.text();
    const issued = order.kind === 'issue-pass' && response.ok;
    return {
      status: response.status,
      operationId: response.headers.get('x-correlation-id'),
      serialNumber: issued ? (JSON.parse(text) as { serialNumber: string }).serialNumber : null,
    };
  } catch {
    // Refused, reset, cut in the middle of the answer or late: a client cannot tell these apart.
    return { status: null, operationId: null, serialNumber: null };
  }
}

/** Sends it under one key until it is acknowledged, and writes each attempt into the journal. */
export async function deliver(access: TenantAccess, journal: Journal, order: Order): Promise<Answer> {
  const { key, kind, subject, fields } = order;
  for (let attempt = 1; ; attempt++) {
    journal.write({ event: 'sent', key, kind, subject, fields });
    const answer = await send(access, order);
    journal.write({ event: 'answered', key, ...answer });
    if (isSuccess(answer.status) || attempt === ATTEMPTS) return answer;
    const retryable = answer.status === null || answer.status >= 500 || answer.status === 429;
    if (!retryable) throw new Error(`${order.method} ${order.path} was answered ${answer.status}`);
    await pause(PAUSE_MS);
  }
}
