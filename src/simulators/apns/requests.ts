/** One push as it arrived: HTTP/2 headers, body, and the subject UID of the client certificate. */
export interface PushRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly certificateUid: string | undefined;
}

/** What Apple's table of answers says: a status and the reason in the body. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  /** Milliseconds; only with 410 Unregistered. */
  readonly timestamp?: number;
}

/** A push that broke no rule of form; whether its token is known is another question. */
export interface WellFormedPush {
  readonly token: string;
  readonly topic: string;
  readonly pushType: string | undefined;
  readonly priority: number;
}

const PUSH_TYPES = new Set(
  'alert background location voip complication fileprovider mdm liveactivity pushtotalk widgets controls'.split(' '),
);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MAX_PAYLOAD_BYTES = 4096;

const refuse = (status: number, reason: string): Refusal => ({ status, reason });

/** Checks the form of one push in the order Apple documents its reasons; a wallet topic must be the certificate's own UID. */
export function judgePush(request: PushRequest): WellFormedPush | Refusal {
  if (request.method !== 'POST') return refuse(405, 'MethodNotAllowed');
  if (request.path === '/3/device' || request.path === '/3/device/') return refuse(400, 'MissingDeviceToken');
  const [, token] = /^\/3\/device\/([^/?]+)$/.exec(request.path) ?? [];
  if (token === undefined) return refuse(404, 'BadPath');
  if (!/^(?:[0-9a-f]{2}){16,100}$/i.test(token)) return refuse(400, 'BadDeviceToken');

  const header = (name: string): string | undefined => request.headers[name];
  const id = header('apns-id');
  if (id !== undefined && !UUID.test(id)) return refuse(400, 'BadMessageId');

  const topic = header('apns-topic');
  if (topic === undefined || topic === '') return refuse(400, 'MissingTopic');
  if (!/^[A-Za-z0-9.-]+$/.test(topic)) return refuse(400, 'BadTopic');
  if (request.certificateUid === undefined) return refuse(403, 'BadCertificate');
  if (topic !== request.certificateUid) return refuse(400, 'TopicDisallowed');

  const pushType = header('apns-push-type');
  if (pushType !== undefined && !PUSH_TYPES.has(pushType)) return refuse(400, 'InvalidPushType');
  const priority = header('apns-priority') ?? '10';
  if (!['1', '5', '10'].includes(priority)) return refuse(400, 'BadPriority');
  // An absent priority counts as 10, and background with 10 is an error.
  if (pushType === 'background' && priority === '10') return refuse(400, 'BadPriority');
  if (!/^\d+$/.test(header('apns-expiration') ?? '0')) return refuse(400, 'BadExpirationDate');
  if (Buffer.byteLength(header('apns-collapse-id') ?? '') > 64) return refuse(400, 'BadCollapseId');

  const payload = judgePayload(request.body);
  if (payload !== undefined) return payload;
  return { token: token.toLowerCase(), topic, pushType, priority: Number(priority) };
}

function judgePayload(body: Buffer): Refusal | undefined {
  if (body.length === 0) return refuse(400, 'PayloadEmpty');
  if (body.length > MAX_PAYLOAD_BYTES) return refuse(413, 'PayloadTooLarge');
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return undefined;
  } catch {
    // Falls through: Apple's table has no reason of its own for a payload that is no JSON dictionary.
  }
  return refuse(400, 'BadPayload');
}
