import { setTimeout as pause } from 'node:timers/promises';
import type { KlaviyoClient } from '../klaviyo/client.js';
import { TransientError } from '../common/errors.js';

const TRIES = 5;
const LONGEST_PAUSE_MS = 60_000;

/** Calls again where Klaviyo asks to slow down, after the time that it names: nothing else repeats a command's calls. */
async function whenLet<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const throttled = error instanceof TransientError && error.code === 'klaviyo-throttled';
      const pauseMs = throttled ? (error.retryAfterMs ?? 1_000) : Infinity;
      if (pauseMs > LONGEST_PAUSE_MS || attempt === TRIES) throw error;
      await pause(pauseMs);
    }
  }
}

/** The same client for a person at a terminal: a burst of calls waits for its turn instead of ending the command. */
export function patientClient(client: KlaviyoClient): KlaviyoClient {
  return new Proxy(client, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => whenLet(async () => (await member.apply(target, args)) as unknown);
    },
  });
}
