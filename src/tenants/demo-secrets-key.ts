import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseSecretKeys, type SecretKey } from '../database/secret-box.js';

/** Where the demo keeps the key that production takes from `SECRETS_KEY`. */
export const demoSecretsKeyFile = (dataDir: string): string => join(dataDir, 'secrets.key');

/** Ids of the demo's keys begin so; a production process refuses them. */
export const DEMO_KEY_ID_PREFIX = 'demo-';

/** The demo's key for secrets at rest, made at its first start with mode 0600. */
export async function ensureDemoSecretsKey(dataDir: string): Promise<SecretKey[]> {
  const file = demoSecretsKeyFile(dataDir);
  const text = await readFile(file, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    const made = `${DEMO_KEY_ID_PREFIX}${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}\n`;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, made, { mode: 0o600 });
    return made;
  });
  return parseSecretKeys(text);
}
