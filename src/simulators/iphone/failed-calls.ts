/** Calls that failed, each under a name, to be repeated on request. */
export interface FailedCalls {
  /** Makes the call; a failure is passed to `onFailure` and the call is kept. Never rejects. */
  attempt(name: string, call: () => Promise<void>, onFailure: (error: Error) => void): Promise<void>;
  keep(name: string, call: () => Promise<void>): void;
  forget(name: string): void;
  /** Repeats what failed, pausing `baseDelayMs` before the second attempt and twice as long before each further one. True when nothing is left. */
  retry(attempts: number): Promise<boolean>;
}

/** No failures yet; `afterRound` runs after each attempt of a retry. */
export function createFailedCalls(baseDelayMs: number, afterRound: () => Promise<void>): FailedCalls {
  const failed = new Map<string, () => Promise<void>>();
  const calls: FailedCalls = {
    async attempt(name, call, onFailure) {
      try {
        await call();
        failed.delete(name);
      } catch (error) {
        onFailure(error as Error);
        failed.set(name, () => calls.attempt(name, call, onFailure));
      }
    },
    keep: (name, call) => void failed.set(name, call),
    forget: (name) => void failed.delete(name),
    async retry(attempts) {
      for (let count = 0; count < attempts && failed.size > 0; count += 1) {
        if (count > 0) await new Promise((resolve) => setTimeout(resolve, baseDelayMs * 2 ** (count - 1)));
        for (const call of [...failed.values()]) await call();
        await afterRound();
      }
      return failed.size === 0;
    },
  };
  return calls;
}
