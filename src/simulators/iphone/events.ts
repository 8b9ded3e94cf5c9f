import type { EventEmitter } from 'node:events';

/** What a phone emits: a push came, a pass was registered, an update was taken, a list-and-fetch ended, a complaint was made. */
export const PHONE_EVENTS = ['push', 'registered', 'update', 'refreshed', 'complaint'] as const;

/** Resolves once `holds` does; it is asked now and after every event. Rejects after `timeoutMs`, saying what `describe` says. */
export async function waitUntil(
  events: EventEmitter,
  holds: () => boolean,
  timeoutMs: number,
  describe: () => string,
): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve, reject) => {
    const done = (finish: () => void): void => {
      clearTimeout(timer);
      PHONE_EVENTS.forEach((name) => events.off(name, look));
      finish();
    };
    const look = (): void => {
      try {
        if (holds()) done(resolve);
      } catch (error) {
        done(() => reject(error as Error));
      }
    };
    const timer = setTimeout(
      () => done(() => reject(new Error(`the phone did not get there in ${timeoutMs} ms (${describe()})`))),
      timeoutMs,
    );
    PHONE_EVENTS.forEach((name) => events.on(name, look));
  });
}
