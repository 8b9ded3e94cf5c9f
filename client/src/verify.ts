import type { MerchantEvent } from './answers.js';

/** A webhook that is not from Passrelay, or is too old: answer 400 and do nothing. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
}

const TOLERANCE_SECONDS = 5 * 60;

type Headers = { get(name: string): string | null } | Record<string, string | string[] | undefined>;

function headerOf(headers: Headers, name: string): string {
  const value = typeof headers.get === 'function' ? headers.get(name) : (headers as Record<string, unknown>)[name];
  if (typeof value !== 'string' || value === '') throw new WebhookRefused(`The header ${name} is missing.`);
  return value;
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
};

/**
 * Checks a delivery by Standard Webhooks and returns its event. `body` is the raw text as it came, before anything parses
 * it; `secret` is what the endpoint's creation or rotation answered (`whsec_…`). Throws WebhookRefused. The same event may
 * come twice: remember `id`.
 */
export async function verifyWebhook(
  body: string,
  headers: Headers,
  secret: string,
  nowMs: number = Date.now(),
): Promise<MerchantEvent> {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) {
    throw new WebhookRefused('The delivery is older or newer than five minutes.');
  }
  const key = await crypto.subtle.importKey(
    'raw',
    bytesOf(secret.replace(/^whsec_/, '')),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  for (const signature of signatures.split(' ')) {
    // Web Crypto compares in constant time.
    if (signature.startsWith('v1,') && (await crypto.subtle.verify('HMAC', key, bytesOf(signature.slice(3)), signed))) {
      return JSON.parse(body) as MerchantEvent;
    }
  }
  throw new WebhookRefused('No signature fits: compare the secret with the one of this endpoint.');
}
