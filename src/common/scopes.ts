/** What a key or token may do; each route asks for one. */
export const SCOPES = [
  'KlaviyoListener.Write',
  'Pass.Read',
  'Pass.Write',
  'Operation.Read',
  'Operation.Write',
  'Customer.Read',
  'Campaign.Write',
  'Tenant.Admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** The scopes among the given words; others, such as those of another product, are passed over. */
export const knownScopes = (words: readonly string[]): Scope[] => SCOPES.filter((scope) => words.includes(scope));
