import { setTimeout as wait } from 'node:timers/promises';

export interface Loop {
  stop(): Promise<void>;
}

/** As far as a loop needs one; pino's fits. */
interface LoopLog {
  warn(details: object, message: string): void;
}

export interface LoopOptions {
  /** Subject of the sentence that the log gets: "<name> had trouble; trying again". */
  name: string;
  everyMs: number;
  /** Before the first look; default none. */
  firstMs?: number;
  log: LoopLog;
  /** Faults that the log need not hear of. */
  isExpected?: (error: unknown) => boolean;
  /** True: more waits, look at once. The signal says that the loop is to stop. */
  look(signal: AbortSignal): Promise<boolean>;
}

/**
 * Looks again and again, at once where `look` says that more waits, and goes on after any fault. It keeps no process
 * alive. `stop` waits for a look that is under way.
 */
export function startLoop({ name, everyMs, firstMs = 0, log, isExpected = () => false, look }: LoopOptions): Loop {
  const stopping = new AbortController();
  const { signal } = stopping;
  // Rejects when the loop is to stop, which is all that it can mean.
  const pause = (ms: number): Promise<unknown> => wait(ms, null, { signal, ref: false }).catch(() => null);

  async function run(): Promise<void> {
    if (firstMs > 0) await pause(firstMs);
    while (!signal.aborted) {
      let more = false;
      try {
        more = await look(signal);
      } catch (err) {
        if (!isExpected(err)) log.warn({ err }, `${name} had trouble; trying again`);
      }
      if (!more && !signal.aborted) await pause(everyMs);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
