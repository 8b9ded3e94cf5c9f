/** Too late, too early, the wrong connection, too many: the same request may be taken later. */
const PASSING: ReadonlySet<number> = new Set([408, 421, 425, 429]);
/** Words on the key, a right or the resource. */
const OWN_WORDS: ReadonlySet<number> = new Set([401, 403, 404, 409, 410]);

/** Whether the same request may be taken later, whoever answered. */
export const mayPass = (status: number): boolean => PASSING.has(status) || status >= 500;

/** The body of an answer: null where it is empty, undefined where it is no JSON. */
export function parseAnswer(text: string): unknown {
  try {
    return text === '' ? null : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/**
 * Whether a refusal comes as a page or a line of text: proxies and front ends answer so in an outage, and know nothing of key
 * or resource. An empty body, or JSON of any form, leaves the status its word.
 */
export const isOfFrontEnd = (status: number, body: unknown): boolean => OWN_WORDS.has(status) && body === undefined;
