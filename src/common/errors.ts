/**
 * A fault that the same input always meets again: bad data, a refused key, an unknown type. Never retried. `code` is
 * a stable kebab-case word; `message` says what happened and how to fix it. If the message quotes customer data,
 * `summary` is the sentence that may leave the database (Temporal, logs).
 */
export class PermanentError extends Error {
  override readonly name = 'PermanentError';
  readonly summary: string;
  constructor(
    readonly code: string,
    message: string,
    readonly details: Record<string, string | number | boolean | null> = {},
    options?: ErrorOptions & { summary?: string },
  ) {
    super(message, options);
    this.summary = options?.summary ?? message;
  }
}

/** A fault that may pass: outage, throttling, a lost connection. Retried by Temporal alone, after `retryAfterMs` where the provider named a delay. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  constructor(
    readonly code: string,
    message: string,
    readonly retryAfterMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A turn that has not come: a budget is used up, or another attempt is at work. Nothing failed; the step goes on after `retryAfterMs`. */
export class WaitForTurn extends TransientError {
  constructor(code: string, message: string, retryAfterMs: number) {
    super(code, message, retryAfterMs);
  }
}
