import type { Logger } from 'pino';

export interface Loop {
  stop(): Promise<void>;
}

/** Looks again and again, at once where `look` says that more waits, and goes on after any fault. */
export function startLoop(options: { name: string; everyMs: number; log: Logger; look(): Promise<boolean> }): Loop {
  let stopped = false;
  let wake: (() => void) | undefined;
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, options.everyMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function run(): Promise<void> {
    while (!stopped) {
      let more = false;
      try {
        more = await options.look();
      } catch (err) {
        options.log.warn({ err }, `${options.name} had trouble; trying again`);
      }
      if (!more && !stopped) await pause();
    }
  }

  const running = run();
  return {
    async stop() {
      stopped = true;
      wake?.();
      await running;
    },
  };
}
