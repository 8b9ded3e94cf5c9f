import { pino, stdTimeFunctions, type LogFn, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { traceOfLine } from './tracing/spans.js';

/** Where secrets and personal data could be, at the top of an entry and one level below. */
const SENSITIVE = [
  'authorization',
  'Authorization',
  'x-api-key',
  'X-API-KEY',
  'apiKey',
  'key',
  'token',
  'pushToken',
  'push_token',
  'accessToken',
  'authenticationToken',
  'password',
  'secret',
  'privateKeyPem',
  'email',
  'phone',
  'phone_number',
  'identifiers',
  'recipient',
  'name',
  'body',
  'input',
  'data',
  'parameters',
  // pg puts the offending row, with its values, into these.
  'detail',
  'where',
];
const paths = SENSITIVE.flatMap((name) => [`["${name}"]`, `*["${name}"]`]);

/** The words of an error that help, and none of the values that it may carry along. */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: typeof error === 'string' ? error : typeof error };
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  // Class 22 of PostgreSQL quotes the value that it could not take.
  if (severity !== undefined && String(code).startsWith('22')) return { type: error.name, code, message: 'bad data' };
  return {
    type: error.name,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && depth < 3 && { cause: describeError(error.cause, depth + 1) }),
  };
}

export interface LoggingOptions {
  level: string;
  /** Readable lines with colours instead of JSON. */
  pretty: boolean;
  /** Written to instead of standard output. */
  destination?: { write(line: string): void };
}

/** The root logger: JSON lines, secrets and personal data redacted by name. */
export function createLogger({ level, pretty, destination }: LoggingOptions): Logger {
  const options = {
    level,
    timestamp: stdTimeFunctions.isoTime,
    base: null,
    mixin: traceOfLine,
    redact: { paths, censor: '[redacted]' },
    hooks: {
      logMethod(args: Parameters<LogFn>, method: LogFn) {
        const [first] = args as unknown[];
        // Without a text pino takes the error's own message for one, past the serializer below.
        const err = first instanceof Error ? first : (first as { err?: unknown } | null)?.err;
        if (args.length > 1 || !(err instanceof Error)) return method.apply(this as never, args);
        method.call(this as never, first instanceof Error ? { err } : (first as object), 'error');
      },
    },
    serializers: { err: (error: unknown) => describeError(error) },
  };
  if (destination) return pino(options, destination);
  return pretty ? pino(options, PinoPretty({ colorize: true, sync: true })) : pino(options);
}
