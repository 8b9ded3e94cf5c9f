import { PermanentError } from '../../common/errors.js';

/** Google's own hosts; a service account names its token endpoint itself, and that name is not trusted. */
const GOOGLE_ORIGINS = [
  'https://walletobjects.googleapis.com',
  'https://oauth2.googleapis.com',
  'https://www.googleapis.com',
  'https://accounts.google.com',
];
const MAX_ANSWER_BYTES = 5 * 1024 * 1024;

/**
 * `fetch` that reaches Google's hosts and the configured ones alone, follows no redirect and reads at most 5 MB. The time
 * limit is the caller's `signal`. PermanentError `google-address-refused` for any other host.
 */
export function googleFetch(
  configured: readonly (string | null | undefined)[],
  send: typeof fetch = fetch,
): typeof fetch {
  const allowed = new Set([...GOOGLE_ORIGINS, ...configured.flatMap((url) => (url ? [new URL(url).origin] : []))]);
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!allowed.has(url.origin)) {
      throw new PermanentError(
        'google-address-refused',
        `Requests to Google do not go to ${url.host}: correct token_uri in the tenant's service account.`,
      );
    }
    const response = await send(input, { ...init, redirect: 'error' });
    return response.body ? new Response(limited(response.body), response) : response;
  };
}

function limited(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  let size = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength;
        if (size > MAX_ANSWER_BYTES) controller.error(new Error('the answer is larger than 5 MB'));
        else controller.enqueue(chunk);
      },
    }),
  );
}
