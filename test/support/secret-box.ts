import { createSecretBox } from '../../src/database/secret-box.js';

const KEY = Buffer.alloc(32, 7);

/** What seals and opens the secrets of tests: one key for all of them, so that any test opens what a helper sealed. */
export const testSecretBox = createSecretBox({ keys: [{ id: 'test', key: KEY }] });

/** The same key as the setting SECRETS_KEY, for processes and commands under test. */
export const TEST_SECRETS_KEY = `test:${KEY.toString('base64')}`;
