export const ENVIRONMENTS = ['development', 'staging', 'production'] as const;
/** Of an installation (`PASSRELAY_ENV`) or of one tenant in it. */
export type Environment = (typeof ENVIRONMENTS)[number];

/** In a staging tenant all is a test, whatever key is used: it must not reach production's metrics and segments. */
export const isTest = (tenant: Environment, credential: { test: boolean }): boolean =>
  tenant === 'staging' || credential.test;
