/** Too late, too early, the wrong connection, too many: the same request may be taken later. */
const PASSING: ReadonlySet<number> = new Set([408, 421, 425, 429]);
/** Words on the key, a right or the resource. */
const OWN_WORDS: ReadonlySet<number> = new Set([401, 403, 404, 409, 410]);

/** Whether the same request may be taken later, whoever answered. */
export const mayPass = (status: number): boolean => PASSING.has(status) || status >= 500;

/**
 * Whether an answer has weight only in the provider's own words: proxies and front ends answer so, too, in an outage, and
 * know nothing of key or resource.
 */
export const needsOwnWords = (status: number): boolean => OWN_WORDS.has(status);
