import { mayPass } from '../../common/answer-status.js';
import { retryAfterMs } from '../../common/retry-after.js';

/** What became of one push. Nothing is retried here. */
export type PushResult =
  | { kind: 'delivered'; apnsId: string | null }
  /** The token is dead; forget it only if it was registered before `timestampMs`, else it came back since. */
  | { kind: 'gone'; reason: string; timestampMs?: number }
  | { kind: 'throttled'; reason: string; retryAfterMs?: number }
  /** The same push will always be refused; the token itself may still be good. */
  | { kind: 'permanent'; reason: string; status: number }
  /** `detail` is for people: what went wrong on the way and where to look. */
  | { kind: 'transient'; reason: string; detail?: string };

export type PushResultKind = PushResult['kind'];

/**
 * Apple's reasons ("Handling notification responses from APNs"), each with what it means for a pass. `gone` needs a 410:
 * a 400 BadDeviceToken also comes from a wrong host or certificate, and must not cost anybody their registration.
 */
export const APNS_REASONS: Readonly<Record<string, PushResultKind>> = {
  BadCollapseId: 'permanent',
  BadDeviceToken: 'permanent',
  BadExpirationDate: 'permanent',
  BadMessageId: 'permanent',
  BadPriority: 'permanent',
  BadTopic: 'permanent',
  DeviceTokenNotForTopic: 'permanent',
  DuplicateHeaders: 'permanent',
  IdleTimeout: 'transient',
  InvalidPushType: 'permanent',
  MissingDeviceToken: 'permanent',
  MissingTopic: 'permanent',
  PayloadEmpty: 'permanent',
  TopicDisallowed: 'permanent',
  BadCertificate: 'permanent',
  BadCertificateEnvironment: 'permanent',
  BadEnvironmentKeyIdInToken: 'permanent',
  ExpiredProviderToken: 'permanent',
  Forbidden: 'permanent',
  InvalidProviderToken: 'permanent',
  MissingProviderToken: 'permanent',
  UnrelatedKeyIdInToken: 'permanent',
  BadPath: 'permanent',
  MethodNotAllowed: 'permanent',
  ExpiredToken: 'gone',
  Unregistered: 'gone',
  PayloadTooLarge: 'permanent',
  TooManyProviderTokenUpdates: 'throttled',
  TooManyRequests: 'throttled',
  InternalServerError: 'transient',
  ServiceUnavailable: 'transient',
  Shutdown: 'transient',
};

function kindOfStatus(status: number): PushResultKind {
  if (status === 410) return 'gone';
  if (status === 429) return 'throttled';
  if (mayPass(status)) return 'transient';
  return 'permanent';
}

/** Classifies one answer of APNs by reason, by status where the reason is new or was lost on the way. */
export function classifyAnswer(answer: {
  status: number;
  apnsId?: string | undefined;
  body: string;
  retryAfter?: string | undefined;
  now: number;
  /** The stream was reset before its end: what the body would have said is unknown. */
  isCut?: boolean;
}): PushResult {
  const { status } = answer;
  if (status === 200) return { kind: 'delivered', apnsId: answer.apnsId ?? '' };
  const said = parseBody(answer.body);
  const reason = said.reason ?? `Http${status}`;
  const byReason = said.reason !== undefined && Object.hasOwn(APNS_REASONS, reason) ? APNS_REASONS[reason] : undefined;
  let kind = byReason ?? kindOfStatus(status);
  if (kind === 'gone' && status !== 410) kind = 'permanent';
  // Of some statuses only the reason tells whether they last.
  if (kind === 'permanent' && said.reason === undefined && answer.isCut === true) kind = 'transient';
  const delay = retryAfterMs(answer.retryAfter, answer.now);
  if (kind === 'transient' && delay !== undefined) kind = 'throttled';
  switch (kind) {
    case 'gone':
      return { kind, reason, ...(said.timestamp === undefined ? {} : { timestampMs: said.timestamp }) };
    case 'throttled':
      return { kind, reason, ...(delay === undefined ? {} : { retryAfterMs: delay }) };
    case 'permanent':
      return { kind, reason, status };
    default:
      return { kind: 'transient', reason };
  }
}

function parseBody(body: string): { reason?: string; timestamp?: number } {
  try {
    const parsed = JSON.parse(body) as { reason?: unknown; timestamp?: unknown } | null;
    return {
      // A word of Apple's; anything else would go into the database as it is.
      ...(typeof parsed?.reason === 'string' && /^\w{1,60}$/.test(parsed.reason) ? { reason: parsed.reason } : {}),
      ...(typeof parsed?.timestamp === 'number' ? { timestamp: parsed.timestamp } : {}),
    };
  } catch {
    return {};
  }
}

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_(HAS_EXPIRED|NOT_YET_VALID|UNTRUSTED|REVOKED)/;

/** Names a connection failure: a stable word and a sentence that says where to look. */
export function describeConnectionError(error: unknown, connected: boolean): { reason: string; detail: string } {
  const { code = '', message = 'closed' } = (error ?? {}) as { code?: string; message?: string };
  if (UNTRUSTED.test(code)) {
    return {
      reason: 'TlsServerNotTrusted',
      detail: `The push server's certificate is not trusted (${code}): check the CA file set for it, or what is between.`,
    };
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return { reason: 'TlsWrongHost', detail: "The push server's certificate is for another host: check the push URL." };
  }
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    return {
      reason: 'TlsClientRefused',
      detail: `The push server refused our certificate (${code}): check that the Pass Type ID certificate is valid and not revoked.`,
    };
  }
  if (code === 'ECONNREFUSED') return { reason: 'ConnectionRefused', detail: 'Nothing listens at the push URL.' };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return { reason: 'HostNotFound', detail: "The push server's name cannot be resolved: check the push URL and DNS." };
  }
  const early = connected
    ? ''
    : ' The server ended it before its settings came, as servers do that refuse a client certificate.';
  return { reason: 'ConnectionLost', detail: `The connection ended (${code || message}).${early}` };
}
