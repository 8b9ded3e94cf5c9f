import { createHash } from 'node:crypto';
import type Koa from 'koa';
import type { Acceptance, NewOperation, Origin } from '../database/operations/operations.js';
import { cleanText, isBlank, isUnrendered } from '../common/clean-text.js';
import { isOurOwnKey } from '../common/idempotency-key.js';
import type { OperationInputs } from '../passes/operation-input.js';
import type { OperationKind } from '../passes/operation.js';
import { ATTRIBUTES } from '../tracing/attributes.js';
import { describeSpan } from '../tracing/spans.js';
import type { Caller } from './access/credentials.js';
import { withinDeadline } from './deadline.js';
import { flowIdOf } from './requests/flow-id.js';
import { noteAccepted } from './metrics.js';
import { ApiError } from './problems.js';
import type { ApiDeps } from './route.js';
import { statusUrl } from './status-url.js';

interface AcceptedRequestOf<Kind extends OperationKind> {
  caller: Caller;
  kind: Kind;
  origin: Origin;
  /** Becomes the operation's id where the request is new. */
  correlationId: string;
  input: OperationInputs[Kind];
  /** From the body; wins over the header. */
  idempotencyKey: string | null;
  /** What makes two requests the same; default: the input. */
  meaning?: object;
  /** Repairs and warnings, kept with the operation. */
  repairs?: object[];
}

/** A request that passed its checks: each kind with what it asks for. */
export type AcceptedRequest = { [Kind in OperationKind]: AcceptedRequestOf<Kind> }[OperationKind];

const MAX_KEY_LENGTH = 255;

/** JSON with sorted keys: two bodies that mean the same have the same text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** SHA-256 of what a request means, whatever its layout. */
export const hashMeaning = (meaning: object): Buffer => createHash('sha256').update(canonicalJson(meaning)).digest();

function faultOfKey(key: string): string | null {
  if (isUnrendered(key)) return 'still holds a template tag, so all deliveries would share it';
  if (key.length > MAX_KEY_LENGTH) return `is longer than ${MAX_KEY_LENGTH} characters`;
  return isOurOwnKey(key) ? 'begins like the keys of our own requests' : null;
}

/** The key of the header, with or without the quotes of the IETF draft; null where absent or blank. */
export function headerKey(ctx: Koa.Context): string | null {
  const raw = cleanText(ctx.get('Idempotency-Key')).trim();
  const key = /^"(.*)"$/.exec(raw)?.[1] ?? raw;
  if (isBlank(key)) return null;
  const fault = faultOfKey(key);
  if (fault === null) return key;
  throw new ApiError('invalid-request', `The Idempotency-Key header ${fault}.`, {
    errors: [{ parameter: 'Idempotency-Key', message: `Idempotency-Key ${fault}`, cure: 'send one id per event' }],
  });
}

/**
 * Makes the request durable, or finds the earlier delivery with the same key: one round trip when it is new. Sets
 * X-Correlation-Id and Location. Throws `idempotency-key-reused` where the key came with another body before.
 */
export async function acceptOperation(deps: ApiDeps, ctx: Koa.Context, request: AcceptedRequest): Promise<Acceptance> {
  const { caller, input } = request;
  const { tenantId } = caller.tenant;
  const idempotencyKey = request.idempotencyKey ?? headerKey(ctx);
  // Kind and input come together: the compiler loses their tie when they are copied one by one.
  const { kind, origin } = request;
  const operation = {
    operationId: request.correlationId,
    kind,
    origin,
    idempotencyKey,
    bodyHash: idempotencyKey === null ? null : hashMeaning(request.meaning ?? input),
    input,
    repairs: request.repairs ?? [],
    flowId: flowIdOf(ctx),
    test: caller.test,
  } as NewOperation;
  const acceptance = await withinDeadline(deps.accept(tenantId, operation));
  if (acceptance.conflict) {
    throw new ApiError(
      'idempotency-key-reused',
      'Another request was accepted under this idempotency key before; this one was not carried out. Use one key for each event, such as the id of the event.',
    );
  }
  if (!acceptance.duplicate) noteAccepted(ctx, operation);
  // A duplicate nudges as well: the process that took the first delivery may have died before its own nudge.
  deps.notifyAccepted();
  describeSpan({ [ATTRIBUTES.kind]: kind });
  ctx.set('X-Correlation-Id', acceptance.operationId);
  ctx.set('Location', statusUrl(deps, tenantId, acceptance.operationId));
  return acceptance;
}
