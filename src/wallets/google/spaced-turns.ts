import { setTimeout as pause } from 'node:timers/promises';

/**
 * Spaces the requests of one process at least `gapMs` apart. The shared budget says when to send; without this, a
 * process that was blocked (a slow commit, a busy event loop) would send everything that became due at once.
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
