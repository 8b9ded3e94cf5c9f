import { randomBytes } from 'node:crypto';
import { createSecretBox, parseSecretKeys, type SecretBox } from '../src/database/secret-box.js';
import type { BenchDatabase, Servers } from './servers.js';

const SECRETS_KEY = randomBytes(32).toString('base64');

/** Seals as the product's processes do. */
export const benchSecretBox = (): SecretBox => createSecretBox({ keys: parseSecretKeys(SECRETS_KEY) });

/** The environment of a product process: the settings that have no default, everything else as it ships. */
export const productEnv = (
  servers: Servers,
  bench: BenchDatabase,
  more: Record<string, string>,
): Record<string, string> => ({
  DATABASE_URL: bench.url,
  TEMPORAL_ADDRESS: servers.temporalAddress,
  TEMPORAL_TASK_QUEUE: 'bench',
  SECRETS_KEY,
  // Plain http on this machine.
  PASSRELAY_ENV: 'development',
  PUBLIC_URL: 'http://127.0.0.1:8080',
  ...more,
});
