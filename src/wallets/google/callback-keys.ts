import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TransientError } from '../../common/errors.js';
import { googleFetch } from './outbound.js';

export interface RootKeys {
  /** The root keys that are valid now. Throws TransientError where none were ever read. */
  current(): Promise<KeyObject[]>;
  /** Reads them again, for a signature of a key that is not among them; undefined where that was done a moment ago. */
  reread(): Promise<KeyObject[] | undefined>;
}

interface RootKey {
  key: KeyObject;
  expiresAtMs: number;
}

const DEFAULT_MAX_AGE_MS = 60 * 60_000;
const MAX_AGE_LIMIT_MS = 7 * 24 * 60 * 60_000;
/** Pause between attempts while Google does not answer, so that a flood of callbacks is no flood of fetches. */
const PAUSE_AFTER_FAILURE_MS = 30_000;
/** The same where no keys were ever read, and every callback has to be sent again. */
const PAUSE_WITHOUT_KEYS_MS = 5_000;
/** Anybody can send a signature of an unknown key: such callbacks make us read the keys no more often than this. */
const REREAD_PAUSE_MS = 10_000;

/**
 * Root keys of Google's callbacks: `{keys: [{keyValue, protocolVersion, keyExpiration}]}`, kept as long as Cache-Control says and,
 * while Google does not answer, beyond it (each key's own expiry still counts). `keysUrl` may be https:, http: or file:.
 */
export function createRootKeys(options: {
  keysUrl: string;
  now: () => number;
  timeoutMs?: number;
  fetch?: typeof fetch;
}): RootKeys {
  const { keysUrl, now, timeoutMs = 10_000 } = options;
  const get = googleFetch([keysUrl], options.fetch);
  let kept: RootKey[] | undefined;
  let freshUntilMs = -Infinity;
  let rereadAtMs = -Infinity;
  let failure: TransientError | undefined;
  let underWay: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    try {
      const { text, maxAgeMs } = await load();
      kept = readKeys(text);
      freshUntilMs = now() + maxAgeMs;
    } catch (cause) {
      failure = new TransientError('google-callback-keys', `Google's callback keys could not be read.`, 30_000, {
        cause,
      });
      freshUntilMs = now() + (kept ? PAUSE_AFTER_FAILURE_MS : PAUSE_WITHOUT_KEYS_MS);
    }
  }

  async function load(): Promise<{ text: string; maxAgeMs: number }> {
    if (keysUrl.startsWith('file:')) return { text: await readFile(new URL(keysUrl), 'utf8'), maxAgeMs: 60_000 };
    const response = await get(keysUrl, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`the key server answered ${response.status}`);
    return { text: await response.text(), maxAgeMs: maxAge(response.headers.get('cache-control')) };
  }

  function valid(): KeyObject[] {
    if (!kept) throw failure!;
    return kept.filter((root) => root.expiresAtMs > now()).map((root) => root.key);
  }

  return {
    async current() {
      if (now() >= freshUntilMs) {
        underWay ??= refresh().finally(() => (underWay = undefined));
        await underWay;
      }
      return valid();
    },
    async reread() {
      if (underWay) await underWay;
      else if (now() - rereadAtMs < REREAD_PAUSE_MS) return undefined;
      else {
        rereadAtMs = now();
        underWay = refresh().finally(() => (underWay = undefined));
        await underWay;
      }
      return valid();
    },
  };
}

function maxAge(cacheControl: string | null): number {
  if (/no-store|no-cache/i.test(cacheControl ?? '')) return 60_000;
  const seconds = /max-age=(\d+)/i.exec(cacheControl ?? '')?.[1];
  return seconds === undefined ? DEFAULT_MAX_AGE_MS : Math.min(Number(seconds) * 1000, MAX_AGE_LIMIT_MS);
}

function readKeys(text: string): RootKey[] {
  const { keys } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('the key file has no list "keys"');
  return (keys as Record<string, unknown>[]).flatMap(({ keyValue, protocolVersion, keyExpiration }) => {
    // Google publishes keys of other protocols beside ours.
    if (protocolVersion !== 'ECv2SigningOnly' || typeof keyValue !== 'string') return [];
    const key = readP256(keyValue);
    return key ? [{ key, expiresAtMs: keyExpiration === undefined ? Infinity : Number(keyExpiration) }] : [];
  });
}

/** Reads a base64 SPKI key; only P-256 is allowed by ECv2SigningOnly. */
export function readP256(base64: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
