import type Koa from 'koa';
import type { Logger } from 'pino';
import { isSecretTrouble } from '../database/secret-box.js';
import type { MessageKind } from '../pages/message-page.js';
import type { FaultKind } from '../common/fault-kind.js';
import { isDatabaseUnavailable } from '../database/unavailable.js';
import { noteProblem } from './metrics.js';

interface ProblemKind {
  status: number;
  title: string;
  /** For the page behind the `type` URL: when it is answered. */
  meaning: string;
  /** For the same page: what to do. */
  cure: string;
}

/** Every error that the API answers; one without a status does not compile. */
export const PROBLEMS = {
  'malformed-body': {
    status: 400,
    title: 'The body cannot be read',
    meaning:
      'The body is not one JSON object. A small, listed set of template accidents is repaired; this was not one.',
    cure: 'Look at the line and column named in the answer. Put quotes around every template tag and a comma between properties.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request is not well-formed HTTP',
    meaning: 'The bytes on the connection break the rules of HTTP/1.1: a broken header, chunk or length, or no Host.',
    cure: 'Look at the program or proxy that sends it; what Klaviyo and browsers send is well-formed.',
  },
  'identifier-missing': {
    status: 400,
    title: 'Nobody is named',
    meaning: 'Neither an e-mail address nor a phone number nor another identifier has a value in this delivery.',
    cure: 'Write "email": "{{ person.email }}" and "phone_number": "{{ person.phone_number }}", and filter the flow to profiles that have one.',
  },
  'invalid-parameter': {
    status: 400,
    title: 'A parameter is not valid',
    meaning:
      'A part of the address, a query parameter or a header does not have the form that the description asks for.',
    cure: 'Compare the request with /openapi.json.',
  },
  unauthenticated: {
    status: 401,
    title: 'The key or token is not accepted',
    meaning: 'No API key or token came with the request, or it is unknown, revoked or expired.',
    cure: 'Send the key as "Authorization: Bearer <key>" or as "X-API-KEY". During a rotation keep both keys valid for more than 24 hours: Klaviyo drops a delivery that was answered 401.',
  },
  'wrong-tenant': {
    status: 403,
    title: 'The key does not belong to this tenant',
    meaning: 'A key works for one tenant only. The answer is the same whether the other tenant exists or not.',
    cure: 'Check the tenant in the address, and the account in X-ACCOUNT-ID.',
  },
  'missing-scope': {
    status: 403,
    title: 'The key may not do this',
    meaning: 'The key or token is valid but lacks the scope of this call.',
    cure: 'Create a key with the scope named in the answer.',
  },
  'listener-closed': {
    status: 403,
    title: 'This listener is closed',
    meaning: 'The tenant has switched this webhook off.',
    cure: 'Open it in the settings of the tenant (settings.listeners).',
  },
  'flow-not-allowed': {
    status: 403,
    title: 'This flow may not call',
    meaning: 'The tenant accepts deliveries of listed Klaviyo flows only (settings.allowedFlowIds).',
    cure: 'Add the id of the flow, which Klaviyo sends as X-Klaviyo-Flow-ID, to the list.',
  },
  'not-found': {
    status: 404,
    title: 'Not found',
    meaning: 'There is nothing here for this key. What belongs to others looks the same as what does not exist.',
    cure: 'Check the address and the id.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The address exists, but not with this HTTP method.',
    cure: 'Use a method that this address takes, as the header Allow names them. Flows of Klaviyo use POST.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    meaning: 'Headers and body have to be here within 15 seconds.',
    cure: 'Send it again. Nothing was accepted.',
  },
  conflict: {
    status: 409,
    title: 'Not possible in this state',
    meaning: 'The request is well formed, but what it names is in a state that does not allow it.',
    cure: 'Read the detail: it names the state.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'A request may hold up to 256 KB.',
    cure: 'Send only the properties that the pass shows.',
  },
  'invalid-request': {
    status: 422,
    title: 'The request cannot be carried out as it is',
    meaning: 'The JSON was read, but values in it are missing, of the wrong type, or still hold a template tag.',
    cure: 'Every fault is listed in "errors", with a pointer to its place and its cure.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key belongs to another request',
    meaning:
      'A request with the same idempotency key and other contents was accepted before. This one was not carried out.',
    cure: 'Use one key for each event: put something into it that differs for every event, such as an event id.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    meaning: 'The tenant or the key sends more requests a minute than its settings allow.',
    cure: 'Wait for the seconds named in Retry-After, or raise settings.requestsPerMinute.',
  },
  'headers-too-large': {
    status: 431,
    title: 'Address and headers are too large',
    meaning: 'Address and headers of a request may hold 16 KB together.',
    cure: 'Shorten the address, or send fewer headers and cookies.',
  },
  'internal-error': {
    status: 500,
    title: 'Something went wrong on our side',
    meaning: 'An unforeseen fault in Passrelay. It is in the log under the correlation id.',
    cure: 'Give the correlation id to the operator.',
  },
  unavailable: {
    status: 503,
    title: 'Not available for a moment',
    meaning: 'A part that is needed to accept requests safely, mostly the database, cannot be reached.',
    cure: 'Nothing was accepted: send it again after the seconds in Retry-After. Klaviyo does so by itself.',
  },
} as const satisfies Record<string, ProblemKind>;
export type ProblemCode = keyof typeof PROBLEMS;

/** One fault of a request. `pointer` is a JSON pointer into the body, `parameter` a part of address, query or header. */
export interface ProblemItem {
  pointer?: string;
  parameter?: string;
  line?: number;
  column?: number;
  message: string;
  cure?: string;
  /** For our own forms: no answer carries it. */
  kind?: FaultKind;
}

/** An answer of the closed set above; thrown by handlers, turned into problem+json by `answerProblems` alone. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly options: {
      errors?: ProblemItem[];
      headers?: Record<string, string>;
      cause?: unknown;
      /** What a customer reads instead of the page of the status. */
      page?: MessageKind;
      /** The detail without quotes of a person's data, stored for the people who build the flow. Absent: it quotes nothing. */
      evidence?: () => string;
    } = {},
  ) {
    super(detail, { cause: options.cause });
  }
}

/** Seconds after which a sender may come back when the database was away. */
const RETRY_AFTER_SECONDS = 5;
/** The same where somebody has to act first. */
const OPERATOR_SECONDS = 60;

/** Any thrown value as one of ours; an unexpected one becomes a 500 without detail. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (isDatabaseUnavailable(error)) {
    return new ApiError('unavailable', 'The request was not accepted. Send it again in a moment.', {
      headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
      cause: error,
    });
  }
  if (isSecretTrouble(error)) {
    return new ApiError(
      'unavailable',
      'A stored secret cannot be opened: the operator has to restore SECRETS_KEY. Nothing was accepted.',
      { headers: { 'Retry-After': String(OPERATOR_SECONDS) }, cause: error, page: 'unavailable' },
    );
  }
  return new ApiError('internal-error', 'The fault is logged under the correlation id.', { cause: error });
}

/** Notes and logs what ended a request; returns it with its status. `what` begins the line of the log. */
export function noteFailure(ctx: Koa.Context, log: Logger, thrown: unknown, what: 'page' | 'request') {
  const error = toApiError(thrown);
  const { status, title } = PROBLEMS[error.code];
  noteProblem(ctx, error.code);
  const correlationId = ctx.state['correlationId'] as string;
  const entry = { code: error.code, status, correlationId, method: ctx.method, route: ctx.state['route'] };
  if (status >= 500) log.error({ ...entry, err: error.options.cause ?? error }, `${what} failed`);
  else log.info({ ...entry, err: error.options.cause }, `${what} refused`);
  ctx.set(error.options.headers ?? {});
  return { error, status, title, correlationId };
}

/** The one error middleware: RFC 9457 problem+json for everything that is thrown below it. */
export function answerProblems(deps: { publicUrl: string; log: Logger }): Koa.Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (thrown) {
      const { error, status, title, correlationId } = noteFailure(ctx, deps.log, thrown, 'request');
      ctx.status = status;
      ctx.set('X-Correlation-Id', correlationId);
      ctx.body = JSON.stringify({
        type: `${deps.publicUrl}/problems/${error.code}`,
        title,
        status,
        detail: error.message,
        ...(error.options.errors && { errors: error.options.errors.map(({ kind: _, ...item }) => item) }),
        correlationId,
      });
      ctx.type = 'application/problem+json';
    }
  };
}
