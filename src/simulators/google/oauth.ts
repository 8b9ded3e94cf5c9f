import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  verify,
  type KeyObject,
} from 'node:crypto';

/** A service account as Google's JSON file gives it. `issuer_ids` is ours: the issuers it may act for; absent means all. */
export interface SimulatedServiceAccount {
  type: 'service_account';
  project_id: string;
  private_key_id: string;
  private_key: string;
  client_email: string;
  client_id: string;
  token_uri: string;
  issuer_ids?: string[] | undefined;
}

export interface KnownAccount {
  client_email: string;
  private_key: string;
  project_id?: string | undefined;
  issuer_ids?: string[] | undefined;
  token_uri?: string | undefined;
}

const SCOPE = 'https://www.googleapis.com/auth/wallet_object.issuer';
const SKEW_SECONDS = 60;

type Claims = Record<string, unknown>;

/** The OAuth side: accounts, the token endpoint, and JWTs that accounts have signed. */
export function createGoogleOauth(clock: () => number, tokenUrl: () => string) {
  const accounts = new Map<string, { account: KnownAccount; key: KeyObject }>();
  const tokens = new Map<string, { account: KnownAccount; expiresAtMs: number }>();

  const add = (account: KnownAccount): void => {
    accounts.set(account.client_email, { account, key: createPublicKey(createPrivateKey(account.private_key)) });
  };

  /** Claims of a JWT (RS256) signed by a known account; otherwise says what is wrong. */
  function readJwt(jwt: string): { claims: Claims } | { wrong: string } {
    const [header, payload, signature, ...rest] = jwt.split('.');
    if (!header || !payload || !signature || rest.length > 0) return { wrong: 'not a JWT' };
    const head = decode(header);
    const claims = decode(payload);
    if (!head || !claims) return { wrong: 'not a JWT' };
    if (head['alg'] !== 'RS256') return { wrong: 'alg must be RS256' };
    const known = accounts.get(String(claims['iss']));
    if (!known) return { wrong: 'unknown issuer (iss)' };
    const good = verify('sha256', Buffer.from(`${header}.${payload}`), known.key, Buffer.from(signature, 'base64url'));
    return good ? { claims } : { wrong: 'invalid JWT signature' };
  }

  function checkAssertion(claims: Claims): string | undefined {
    const nowSeconds = clock() / 1000;
    const { aud, iss, scope, exp, iat } = claims;
    if (aud !== tokenUrl() && aud !== accounts.get(String(iss))?.account.token_uri)
      return 'aud must be the token endpoint';
    if (!String(scope).split(' ').includes(SCOPE)) return `scope must hold ${SCOPE}`;
    if (typeof exp !== 'number' || typeof iat !== 'number') return 'iat and exp must be numbers';
    if (exp - iat > 3600) return 'exp must be at most one hour after iat';
    if (exp < nowSeconds - SKEW_SECONDS || iat > nowSeconds + SKEW_SECONDS)
      return 'check iat and exp against the clock';
    return undefined;
  }

  return {
    add,
    readJwt,
    make(issuerIds?: string[]): SimulatedServiceAccount {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const id = randomBytes(6).toString('hex');
      const account: SimulatedServiceAccount = {
        type: 'service_account',
        project_id: `simulated-${id}`,
        private_key_id: randomBytes(20).toString('hex'),
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        client_email: `wallet@simulated-${id}.iam.gserviceaccount.com`,
        client_id: String(parseInt(id, 16)),
        token_uri: tokenUrl(),
        ...(issuerIds ? { issuer_ids: issuerIds } : {}),
      };
      add(account);
      return account;
    },
    /** Answers the token endpoint's form. */
    grant(form: URLSearchParams): { status: number; body: Record<string, unknown> } {
      const refuse = (error: string, error_description: string) => ({
        status: 400,
        body: { error, error_description },
      });
      if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
        return refuse('unsupported_grant_type', 'Invalid grant_type');
      }
      const jwt = readJwt(form.get('assertion') ?? '');
      const wrong = 'wrong' in jwt ? jwt.wrong : checkAssertion(jwt.claims);
      if (wrong !== undefined || 'wrong' in jwt) return refuse('invalid_grant', wrong ?? 'invalid');
      const token = `ya29.${randomBytes(24).toString('base64url')}`;
      const { account } = accounts.get(String(jwt.claims['iss']))!;
      tokens.set(token, { account, expiresAtMs: clock() + 3_599_000 });
      return { status: 200, body: { access_token: token, expires_in: 3599, token_type: 'Bearer' } };
    },
    /** The account behind an Authorization header, while its token is good. */
    bearer(authorization: string | undefined): KnownAccount | undefined {
      const known = tokens.get(/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '');
      return known && known.expiresAtMs > clock() ? known.account : undefined;
    },
    /** All tokens given out so far stop working, as when a key is rotated. */
    revokeTokens: (): void => tokens.clear(),
  };
}

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return value !== null && typeof value === 'object' ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
