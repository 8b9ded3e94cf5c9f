export interface Loop {
  /** Something waits: look now, or right after the look that is under way. Cheap to call often. */
  nudge(): void;
  stop(): Promise<void>;
}

/** As far as a loop needs one; pino's fits. */
interface LoopLog {
  warn(details: object, message: string): void;
}

/**
 * True: more waits, run again at once. False: run after the usual pause. Else after a pause of its own; nudges that came during
 * a look in trouble do not shorten it.
 */
type Next = boolean | { pauseMs: number; inTrouble?: boolean };

export interface LoopOptions {
  /** Subject of the sentence that the log gets: "<name> had trouble; trying again". */
  name: string;
  everyMs: number;
  /** Before the first look; default none. */
  firstMs?: number;
  log: LoopLog;
  /** Faults that the log need not hear of. */
  isExpected?: (error: unknown) => boolean;
  /** The signal says that the loop is to stop. */
  look(signal: AbortSignal): Promise<Next>;
}

/**
 * Looks again and again, at once where `look` says that more waits, and goes on after any fault. It keeps no process
 * alive. `stop` waits for a look that is under way.
 */
export function startLoop({ name, everyMs, firstMs = 0, log, isExpected = () => false, look }: LoopOptions): Loop {
  const stopping = new AbortController();
  const { signal } = stopping;
  let nudged = false;
  let wake = (): void => undefined;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => wake(), ms).unref();
      wake = () => {
        clearTimeout(timer);
        wake = () => undefined;
        resolve();
      };
      if (nudged || signal.aborted) wake();
    });

  async function lookOnce(): Promise<Next> {
    try {
      return await look(signal);
    } catch (err) {
      if (!isExpected(err)) log.warn({ err }, `${name} had trouble; trying again`);
      return { pauseMs: everyMs, inTrouble: true };
    }
  }

  async function run(): Promise<void> {
    if (firstMs > 0) await pause(firstMs);
    while (!signal.aborted) {
      nudged = false;
      const next = await lookOnce();
      if (next === true) continue;
      const { pauseMs, inTrouble } = next === false ? { pauseMs: everyMs, inTrouble: false } : next;
      if (inTrouble) nudged = false;
      await pause(pauseMs);
    }
  }

  const running = run();
  return {
    nudge() {
      nudged = true;
      wake();
    },
    async stop() {
      stopping.abort();
      wake();
      await running;
    },
  };
}
