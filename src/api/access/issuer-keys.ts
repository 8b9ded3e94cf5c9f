import { setTimeout as pause } from 'node:timers/promises';
import {
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type FetchImplementation,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose';

const TIMEOUT_MS = 2_000;
/** Hundreds of keys; an issuer is no more to be trusted with our memory than anybody else. */
const MOST_BYTES = 256 * 1024;
const CACHE_MS = 600_000;
/** Tokens with made-up key ids make us read the keys no more often than this. */
const COOLDOWN_MS = 1_000;

const fetchKeys: FetchImplementation = async (url, init) => {
  const response = await fetch(url, init);
  let size = 0;
  const limited = response.body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength;
        if (size > MOST_BYTES) controller.error(new Error('the key set is larger than 256 KB'));
        else controller.enqueue(chunk);
      },
    }),
  );
  return new Response(limited ?? null, response);
};

export interface IssuerKeys {
  /** The claims of a token that one of the keys has signed. Throws errors of jose, and those of the network. */
  verify(token: string, options: JWTVerifyOptions): Promise<JWTVerifyResult>;
}

/**
 * The published keys of one issuer (JWKS). No token is given up for a key that was published after the keys were last
 * read: then they are read again first, and one that comes while they may not be read yet waits that long.
 */
export function createIssuerKeys(jwksUrl: string, cooldownMs = COOLDOWN_MS): IssuerKeys {
  const keys = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: cooldownMs,
    cacheMaxAge: CACHE_MS,
    [customFetch]: fetchKeys,
  });

  async function byAnyKey(token: string, options: JWTVerifyOptions): Promise<JWTVerifyResult> {
    try {
      return await jwtVerify(token, keys, options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // Without a key id several fit, as during a rotation.
      for await (const key of error) {
        const result = await jwtVerify(token, key, options).catch((inner: unknown) => {
          if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner;
        });
        if (result) return result;
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  return {
    async verify(token, options) {
      const readJustNow = keys.coolingDown;
      try {
        return await byAnyKey(token, options);
      } catch (error) {
        const mayBeNewer =
          error instanceof errors.JWKSNoMatchingKey ||
          (error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(token).kid === undefined);
        if (!mayBeNewer) throw error;
        if (readJustNow) await pause(cooldownMs);
        if (!keys.coolingDown) await keys.reload();
        return byAnyKey(token, options);
      }
    },
  };
}
