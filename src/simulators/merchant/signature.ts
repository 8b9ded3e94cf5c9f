import { createHmac, timingSafeEqual } from 'node:crypto';

const TOLERANCE_SECONDS = 5 * 60;

/**
 * Verifies the headers of Standard Webhooks 1.0.0 over the raw body. Undefined when right, otherwise why not.
 * `secrets` are `whsec_` + base64 (several while rotating); `now` in milliseconds, tolerance five minutes either way.
 */
export function signatureFault(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
  secrets: readonly string[],
  now: number,
): string | undefined {
  const text = (name: string): string | undefined => (typeof headers[name] === 'string' ? headers[name] : undefined);
  const id = text('webhook-id');
  const timestamp = text('webhook-timestamp');
  const signatures = text('webhook-signature');
  if (!id) return 'webhook-id is missing';
  if (id.includes('.')) return 'webhook-id contains a full stop';
  if (!timestamp || !/^\d{1,12}$/.test(timestamp)) return 'webhook-timestamp is not a number of seconds';
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS)
    return 'webhook-timestamp is more than five minutes off';
  if (!signatures) return 'webhook-signature is missing';
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const given = signatures
    .split(' ')
    .flatMap((one) => (one.startsWith('v1,') ? [Buffer.from(one.slice(3), 'base64')] : []));
  const valid = secrets.some((secret) => {
    const expected = createHmac('sha256', keyOf(secret)).update(signed).digest();
    return given.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  });
  return valid ? undefined : 'no signature matches a secret of this endpoint';
}

/** The key bytes in a secret; throws unless it is base64 of 24 to 64 bytes, as the standard asks. */
export function keyOf(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (key.length < 24 || key.length > 64) throw new Error('a webhook secret is base64 of 24 to 64 bytes');
  return key;
}
