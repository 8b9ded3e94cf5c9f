import { importPKCS8, SignJWT } from 'jose';
import { isOfFrontEnd, mayPass, parseAnswer } from '../../common/answer-status.js';
import { PermanentError, TransientError } from '../../common/errors.js';
import { retryAfterMs } from '../../common/retry-after.js';

/** The parts of Google's service-account JSON file that we use. */
export interface ServiceAccount {
  client_email: string;
  private_key: string;
  private_key_id?: string | undefined;
  token_uri?: string | undefined;
}

export interface AccessTokens {
  /** A token that is good for at least five minutes. */
  token(): Promise<string>;
  /** Forgets a token that Google refused; a newer one stays. */
  discard(token: string): void;
}

const SCOPE = 'https://www.googleapis.com/auth/wallet_object.issuer';
const RENEW_BEFORE_MS = 5 * 60_000;
const DEFAULT_TOKEN_URL = 'https://oauth2.googleapis.com/token';

/**
 * Exchanges a service account for access tokens (JWT bearer grant, RFC 7523; RS256, one hour at most). A token is kept until five
 * minutes before it expires; callers that meet an exchange under way share it. `tokenUrl` overrides where the account's
 * `token_uri` would be asked; the assertion's audience stays `token_uri`.
 */
export function createAccessTokens(options: {
  serviceAccount: ServiceAccount;
  tokenUrl?: string | undefined;
  timeoutMs: number;
  now: () => number;
  fetch?: typeof fetch;
}): AccessTokens {
  const { serviceAccount, timeoutMs, now, fetch: post = fetch } = options;
  const tokenUrl = options.tokenUrl ?? serviceAccount.token_uri ?? DEFAULT_TOKEN_URL;
  // The audience names Google's endpoint, even where the request goes another way (a proxy).
  const audience = serviceAccount.token_uri ?? tokenUrl;
  let kept: { token: string; renewAtMs: number } | undefined;
  let underWay: Promise<string> | undefined;

  async function exchange(): Promise<string> {
    const assertion = await signAssertion(serviceAccount, audience, Math.floor(now() / 1000));
    const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
    const askedAtMs = now();
    let status: number;
    let delay: number | undefined;
    let answer: { access_token?: unknown; expires_in?: unknown; error?: unknown } | null | undefined;
    try {
      const response = await post(tokenUrl, { method: 'POST', body, signal: AbortSignal.timeout(timeoutMs) });
      status = response.status;
      delay = retryAfterMs(response.headers.get('retry-after'), now());
      answer = parseAnswer(await response.text()) as typeof answer;
    } catch (cause) {
      if (cause instanceof PermanentError) throw cause;
      throw new TransientError('google-token-unreachable', `Google's token endpoint did not answer.`, undefined, {
        cause,
      });
    }
    if (mayPass(status) || isOfFrontEnd(status, answer) || (status < 300 && typeof answer?.access_token !== 'string')) {
      throw new TransientError(
        'google-token-unavailable',
        `Google's token endpoint answered ${status} without a token.`,
        delay,
      );
    }
    if (status !== 200 || typeof answer?.access_token !== 'string') {
      const reason =
        typeof answer?.error === 'string' && /^[a-z_]{1,40}$/.test(answer.error) ? answer.error : 'unknown';
      throw new PermanentError(
        'google-token-refused',
        `Google refused the service account (${status}, ${reason}); check that its key is still active and that this machine's clock is right.`,
        { status, reason },
      );
    }
    const lifetimeMs = (typeof answer.expires_in === 'number' ? answer.expires_in : 3600) * 1000;
    kept = { token: answer.access_token, renewAtMs: askedAtMs + lifetimeMs - RENEW_BEFORE_MS };
    return answer.access_token;
  }

  return {
    async token() {
      if (kept && now() < kept.renewAtMs) return kept.token;
      underWay ??= exchange().finally(() => (underWay = undefined));
      return underWay;
    },
    discard(token) {
      if (kept?.token === token) kept = undefined;
    },
  };
}

async function signAssertion(account: ServiceAccount, audience: string, nowSeconds: number): Promise<string> {
  const key = await importServiceAccountKey(account);
  return new SignJWT({ scope: SCOPE })
    .setProtectedHeader({
      alg: 'RS256',
      typ: 'JWT',
      ...(account.private_key_id ? { kid: account.private_key_id } : {}),
    })
    .setIssuer(account.client_email)
    .setAudience(audience)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + 3600)
    .sign(key);
}

/** Null for an answer that is no JSON, such as a proxy's page: its status says enough. */
/** Reads the private key of a service account; a broken one is named without being shown. */
export async function importServiceAccountKey(account: ServiceAccount): ReturnType<typeof importPKCS8> {
  try {
    return await importPKCS8(account.private_key, 'RS256');
  } catch {
    throw new PermanentError(
      'google-service-account-key',
      'The private_key of the Google service account is not a PKCS #8 RSA key in PEM; use the JSON file as Google gave it.',
    );
  }
}
