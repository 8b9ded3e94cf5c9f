import { createSecretBox } from '../../src/database/secrets.js';

/** What seals and opens the secrets of tests: one key for all of them, so that any test opens what a helper sealed. */
export const testSecretBox = createSecretBox({ keys: [{ id: 'test', key: Buffer.alloc(32, 7) }] });
