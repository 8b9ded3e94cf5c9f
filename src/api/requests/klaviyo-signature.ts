import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { cleanJson } from '../../common/clean-text.js';
import { parseDelivery } from './tolerant-json.js';

export interface SystemWebhookEvent {
  topic: string;
  /** Unique per event: the key for duplicates. */
  externalId: string;
  payload: unknown;
}
export type VerifiedWebhook =
  | { ok: true; webhookId: string; accountId: string; timestamp: string; events: SystemWebhookEvent[] }
  | {
      ok: false;
      reason: 'missing-header' | 'wrong-signature' | 'malformed' | 'wrong-webhook-id' | 'too-old';
      message: string;
    };

export interface VerifyOptions {
  /** Current secret first; during a rotation the former one too. */
  secrets: readonly string[];
  now: () => number;
  /** How old or how far ahead `meta.timestamp` may be. */
  toleranceMs?: number;
}

const envelope = z.looseObject({
  meta: z.looseObject({
    timestamp: z.string(),
    klaviyo_webhook_id: z.string(),
    klaviyo_account_id: z.string(),
  }),
  data: z.array(z.looseObject({ topic: z.string(), external_id: z.string(), payload: z.unknown() })),
});

/** Klaviyo sends again within 24 h at most, as far as is known; a day and an hour covers it. */
const DEFAULT_TOLERANCE_MS = 25 * 60 * 60 * 1000;
/** Klaviyo signs hundreds of events in one request, each with its profile; their number is limited by the size alone. */
const MAX_KEYS = 100_000;

/** Hex HMAC-SHA256 over the raw body followed directly by the `Klaviyo-Timestamp` header's value. */
export function signSystemWebhook(secret: string, raw: Uint8Array, timestampHeader: string): string {
  return createHmac('sha256', secret).update(raw).update(timestampHeader, 'utf8').digest('hex');
}

function matches(signature: string, expected: string): boolean {
  const given = Buffer.from(signature, 'utf8');
  const wanted = Buffer.from(expected, 'utf8');
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/**
 * Verifies one system webhook over its raw bytes, before anything parses them. Header names are lower-case, as Node
 * gives them. The header's clock was seen 5 h off, so it only feeds the HMAC; the age is checked by `meta.timestamp`.
 */
export function verifySystemWebhook(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  raw: Uint8Array,
  options: VerifyOptions,
): VerifiedWebhook {
  const refuse = (reason: Extract<VerifiedWebhook, { ok: false }>['reason'], message: string): VerifiedWebhook => ({
    ok: false,
    reason,
    message,
  });
  const [id, signature, timestamp] = ['klaviyo-webhook-id', 'klaviyo-signature', 'klaviyo-timestamp'].map((name) =>
    typeof headers[name] === 'string' ? headers[name] : '',
  ) as [string, string, string];
  if (!id || !signature || !timestamp) {
    return refuse('missing-header', 'Klaviyo-Webhook-Id, Klaviyo-Signature and Klaviyo-Timestamp are all needed.');
  }
  let valid = false;
  for (const secret of options.secrets) {
    if (secret !== '' && matches(signature.toLowerCase(), signSystemWebhook(secret, raw, timestamp))) valid = true;
  }
  if (!valid) return refuse('wrong-signature', 'The signature does not match: check the secret of the webhook.');
  const body = parseDelivery(raw, MAX_KEYS);
  const read = envelope.safeParse(body.ok ? cleanJson(body.value) : null);
  if (!read.success) return refuse('malformed', 'The body is not an envelope of Klaviyo system webhooks.');
  const parsed = read.data;
  if (parsed.meta.klaviyo_webhook_id !== id) {
    return refuse('wrong-webhook-id', 'The webhook id of the header is not that of the body.');
  }
  const age = Math.abs(options.now() - Date.parse(parsed.meta.timestamp));
  if (!(age <= (options.toleranceMs ?? DEFAULT_TOLERANCE_MS))) {
    return refuse('too-old', 'meta.timestamp is too far from now.');
  }
  return {
    ok: true,
    webhookId: id,
    accountId: parsed.meta.klaviyo_account_id,
    timestamp: parsed.meta.timestamp,
    events: parsed.data.map(({ topic, external_id: externalId, payload }) => ({ topic, externalId, payload })),
  };
}
