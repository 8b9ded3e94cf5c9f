export type Json = Record<string, unknown>;

/** An answer in Klaviyo's error form. */
export class KlaviyoFault extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly source: Json = { pointer: '/data/' },
    readonly meta: Json = {},
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
  }
}

export const invalid = (detail: string, pointer: string) =>
  new KlaviyoFault(400, 'invalid', 'Invalid input.', detail, { pointer });
export const notFound = (detail = 'A resource with that id does not exist.') =>
  new KlaviyoFault(404, 'not_found', 'Not found.', detail);
export const duplicateProfile = (id: string) =>
  new KlaviyoFault(
    409,
    'duplicate_profile',
    'Conflict.',
    'A profile already exists with one of these identifiers.',
    { pointer: '/data/attributes' },
    { duplicate_profile_id: id },
  );

export interface SimulatedAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}
