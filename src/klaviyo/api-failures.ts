import { z } from 'zod';
import { PermanentError, TransientError } from '../common/errors.js';
import { isOfFrontEnd, mayPass } from '../common/answer-status.js';
import { retryAfterMs } from '../common/retry-after.js';

const apiErrors = z.object({
  errors: z
    .array(
      z.looseObject({
        code: z.string(),
        source: z.looseObject({ pointer: z.string().optional(), parameter: z.string().optional() }).nullish(),
        meta: z.looseObject({ duplicate_profile_id: z.string().optional() }).nullish(),
      }),
    )
    .min(1),
});

/** Only what has the form of a code, pointer or id: `detail` quotes the customer's own values back. */
const word = (text: string | undefined): string | null =>
  text !== undefined && /^[\w./[\]'$:-]{1,200}$/.test(text) && !/\d{7,}/.test(text.replace(/^01[0-9A-Z]{24}$/, ''))
    ? text
    : null;

/**
 * For calls beside write-back: a 403 there means that the key lacks their scopes. As "unauthorized" it would stop
 * write-back, for which the key is good.
 */
export async function needingScopes<T>(cure: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof PermanentError) || error.details['status'] !== 403) throw error;
    throw new PermanentError('klaviyo-scope-missing', cure, error.details);
  }
}

export interface FailedAnswer {
  status: number;
  retryAfter: string | null;
  /** The parsed body; undefined where it was no JSON. */
  body: unknown;
}

/** Turns an answer beyond 2xx into our errors. Neither key nor personal data gets into them. */
export function failureOf(answer: FailedAnswer, nowMs: number): PermanentError | TransientError {
  const { status } = answer;
  const parsed = apiErrors.safeParse(answer.body);
  const first = parsed.success ? parsed.data.errors[0]! : null;
  const apiCode = word(first?.code);
  const pointer = word(first?.source?.pointer ?? first?.source?.parameter);
  const details = { status, apiCode, pointer };
  if (status === 429) {
    const delay = retryAfterMs(answer.retryAfter, nowMs);
    return new TransientError('klaviyo-throttled', 'Klaviyo asks to slow down; the call is repeated later.', delay);
  }
  if (mayPass(status) || isOfFrontEnd(status, answer.body) || (status === 404 && first === null)) {
    // Klaviyo's front answered 404 with HTML during the incident of May 2026: no word on the resource itself.
    const delay = retryAfterMs(answer.retryAfter, nowMs);
    return new TransientError('klaviyo-unavailable', `Klaviyo answered ${status}; the call is repeated later.`, delay);
  }
  if (status === 401 || status === 403) {
    return new PermanentError(
      'klaviyo-unauthorized',
      status === 401
        ? 'Klaviyo refuses the API key: replace it in the tenant’s settings.'
        : 'Klaviyo refuses this call for the API key: give it the scopes that "klaviyo check" lists, or replace it.',
      details,
    );
  }
  if (status === 404) return new PermanentError('klaviyo-not-found', 'Klaviyo knows no such resource.', details);
  if (status === 409) {
    const duplicate = word(first?.meta?.duplicate_profile_id);
    if (apiCode === 'duplicate_profile' || duplicate !== null) {
      return new PermanentError(
        'klaviyo-duplicate-profile',
        'An identifier belongs to another profile in Klaviyo: merge the two there if they are one person.',
        { ...details, duplicateProfileId: duplicate },
      );
    }
  }
  if (status === 410) {
    return new PermanentError(
      'klaviyo-revision-gone',
      'Klaviyo has retired this API revision: update the product.',
      details,
    );
  }
  const at = pointer ? ` at ${pointer}` : '';
  return new PermanentError(
    'klaviyo-invalid',
    `Klaviyo refuses the request (${status}, ${apiCode ?? 'no code'})${at}.`,
    details,
  );
}
