import { createHash } from 'node:crypto';

/** What tells a private key from another without holding it. */
export const keyHash = (apiKey: string): string => createHash('sha256').update(apiKey).digest('hex');
