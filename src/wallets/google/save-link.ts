import { SignJWT } from 'jose';
import { importServiceAccountKey, type ServiceAccount } from './access-token.js';
import type { GoogleType } from './schema.js';

/**
 * The link that puts an object into the holder's Google Wallet: `<base>/<jwt>`, about 650 characters (keep it under 1,800).
 * The object must be inserted first: the JWT names it only, and never changes one that exists. Without `exp` the link does not expire.
 * `origins` are the sites that show Google's button. Throws PermanentError on a broken key.
 */
export async function googleSaveLink(options: {
  serviceAccount: ServiceAccount;
  objectType: GoogleType;
  objectId: string;
  origins: readonly string[];
  now: () => number;
  base?: string | undefined;
}): Promise<string> {
  const { serviceAccount, objectType, objectId, origins, now, base = 'https://pay.google.com/gp/v/save' } = options;
  const jwt = await new SignJWT({
    aud: 'google',
    typ: 'savetowallet',
    origins: [...origins],
    payload: { [`${objectType}Objects`]: [{ id: objectId }] },
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(serviceAccount.client_email)
    .setIssuedAt(Math.floor(now() / 1000))
    .sign(await importServiceAccountKey(serviceAccount));
  return `${base.replace(/\/$/, '')}/${jwt}`;
}
