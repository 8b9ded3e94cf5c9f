import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** A new secret as Standard Webhooks writes it: `whsec_` and 32 random bytes in base64. */
export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** The headers of one attempt, signed with every valid secret: a receiver may know only the old or only the new one. */
export function webhookHeaders(
  secrets: readonly string[],
  message: { id: string; body: string; now: Date },
): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'Passrelay-Webhooks/1.0',
    'webhook-id': message.id,
    'webhook-timestamp': String(Math.floor(message.now.getTime() / 1000)),
    'webhook-signature': secrets
      .map((secret) => new Webhook(secret).sign(message.id, message.now, message.body))
      .join(' '),
  };
}
