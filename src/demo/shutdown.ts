import type { Printer } from './printer.js';

export interface Shutdown {
  /** Aborted once stopping has begun. */
  readonly signal: AbortSignal;
  /** Remembers how to stop what was started, and what to call it (null: not worth a line). After `run` it is stopped at once. */
  add(name: string | null, stop: () => Promise<void> | void): void;
  /** Begins to stop: waits on `signal` end. `failure` is the reason. */
  request(failure?: Error): void;
  /** Why it stops, where it was not asked to. */
  readonly failure: Error | undefined;
  /** Stops everything in the reverse order of its start, each within its time. True when all of it stopped. */
  run(print: Printer): Promise<boolean>;
}

/** Longer than the grace that a worker gives its running steps, and PostgreSQL its checkpoint. */
const STOP_MS = 30_000;

async function within(stop: () => Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not stop within ${STOP_MS / 1000} s`)), STOP_MS);
  });
  try {
    await Promise.race([stop(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The list of what is running, so that a stop at any moment ends exactly that. */
export function createShutdown(): Shutdown {
  const controller = new AbortController();
  const running: { name: string | null; stop: () => Promise<void> | void }[] = [];
  let ran = false;
  let reason: Error | undefined;
  return {
    signal: controller.signal,
    add(name, stop) {
      // The list was told already: there is no line left for this failure.
      if (ran) void Promise.resolve(stop()).catch(() => undefined);
      else running.push({ name, stop });
    },
    request(failure) {
      if (controller.signal.aborted) return;
      reason = failure;
      controller.abort();
    },
    get failure() {
      return reason;
    },
    async run(print) {
      controller.abort();
      ran = true;
      let clean = true;
      if (running.some(({ name }) => name !== null)) print.heading('Stopping');
      for (const { name, stop } of running.splice(0).reverse()) {
        const startedAt = performance.now();
        try {
          await within(stop);
          if (name !== null) print.tick(name, 'stopped', performance.now() - startedAt);
        } catch (error) {
          clean = false;
          print.cross(name ?? 'Cleaning up', (error as Error).message);
        }
      }
      return clean;
    },
  };
}
