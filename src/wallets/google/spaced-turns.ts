import { setTimeout as pause } from 'node:timers/promises';

/**
 * Turns that lie at least `gapMs` apart, for the requests of one process. A slot of the shared budget says when to send;
 * a process that was held up (a slow commit, a busy event loop) would send all that became due meanwhile at once.
 */
export function createSpacedTurns(gapMs: number): { take(notBeforeMs: number): Promise<void> } {
  let last = -Infinity;
  return {
    /** Resolves `notBeforeMs` milliseconds from now, or when the next turn after that is free. */
    async take(notBeforeMs) {
      const earliest = performance.now() + notBeforeMs;
      for (;;) {
        const waitMs = Math.max(earliest, last + gapMs) - performance.now();
        if (waitMs <= 0) break;
        await pause(Math.ceil(waitMs));
      }
      last = performance.now();
    },
  };
}
