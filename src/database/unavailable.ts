const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/**
 * SQLSTATE classes and codes that may pass: connection (08), refused log-in during a failover or rotation (28, 3D),
 * resources (53), operator intervention (57), system error (58), read-only standby, serialisation, lock time-out.
 */
const SQLSTATE = /^(?:08...|28...|3D000|53...|57...|58...|25006|40001|40P01|55P03)$/;

/** The connection ended or fell silent. The client gives these errors no code of their own. */
export class LostConnection extends Error {
  override readonly name = 'LostConnection';
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** True when the database, not the request, is the cause: unreachable, starting, out of connections, too slow. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof LostConnection || error.name === 'KnexTimeoutError') return true;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isDatabaseUnavailable);
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string') return NETWORK.has(code) || SQLSTATE.test(code);
  return isDatabaseUnavailable(error.cause);
}
