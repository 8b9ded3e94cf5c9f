export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
/** Of an installation (`PASSRELAY_ENV`) or of one tenant in it. */
export type Environment = (typeof ENVIRONMENTS)[number];

/** Everything in a staging tenant is a test, whichever key is used: it must not reach production's metrics and segments. */
export const isTest = (tenant: Environment, credential: { test: boolean }): boolean =>
  tenant === 'staging' || credential.test;
