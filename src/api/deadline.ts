import { ApiError } from './problems.js';

/** Klaviyo's own time limit is not published; an answer after three seconds may never be read. */
const DATABASE_DEADLINE_MS = 2_500;

/** Gives up waiting for the database, with a 503: a repeated request finds its own operation or changes nothing. */
export async function withinDeadline<T>(work: Promise<T>, deadlineMs = DATABASE_DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const cause = new Error(`no answer of the database within ${deadlineMs} ms`);
      const headers = { 'Retry-After': '5' };
      reject(
        new ApiError('unavailable', 'The request was not confirmed. Send it again in a moment.', { headers, cause }),
      );
    }, deadlineMs);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
    // Nobody waits for it any more: its late failure must not end the process.
    work.catch(() => undefined);
  }
}
