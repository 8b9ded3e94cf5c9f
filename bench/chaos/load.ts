import { setTimeout as pause } from 'node:timers/promises';
import type { Fields, Journal } from './journal.js';
import {
  deliver,
  issuePass,
  patchPass,
  pushUpdate,
  sendMessage,
  syncProfile,
  type Order,
  type TenantAccess,
} from './requests.js';

export interface Subject {
  readonly subject: string;
  readonly serialNumber: string;
}

export interface Load {
  /** Resolves once everything that was sent is acknowledged. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  access: TenantAccess;
  /** Whether flows send changed profiles, too. */
  syncs: boolean;
  journal: Journal;
  /** Who holds a pass; new ones are added. */
  subjects: Subject[];
  /** Actions a second; a burst is one action. */
  rate: number;
  random: () => number;
  /** Each value once in the whole drill, so that a value names its request. */
  nextNumber: () => number;
}

const BURST = 5;
const REMEMBERED = 50;

/** Numbers between 0 and 1 that are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Updates by webhook and by program, bursts on one pass, the same delivery again, new customers: until it is stopped. */
export function startLoad({ access, syncs, journal, subjects, rate, random, nextNumber }: LoadOptions): Load {
  const under = new Set<Promise<unknown>>();
  const recent: Order[] = [];
  let stopped = false;
  let failure: unknown;

  const one = <Entry>(entries: readonly Entry[]): Entry => entries[Math.floor(random() * entries.length)]!;
  const fields = (): Fields => {
    const number = nextNumber();
    const which = random();
    return {
      ...(which < 0.8 && { points: String(number) }),
      ...(which > 0.5 && { offer: `Offer ${number}` }),
    };
  };
  const post = (order: Order): void => {
    const delivery = deliver(access, journal, order).then(
      ({ serialNumber }) => {
        if (serialNumber !== null && !subjects.some((known) => known.subject === order.subject)) {
          subjects.push({ subject: order.subject, serialNumber });
        }
        recent.push(order);
        if (recent.length > REMEMBERED) recent.shift();
      },
      (error: unknown) => void (failure ??= error),
    );
    under.add(delivery);
    void delivery.finally(() => under.delete(delivery));
  };

  const act = (): void => {
    const which = random();
    if (which < 0.06) {
      const number = nextNumber();
      const values = { points: String(number), offer: `Offer ${number}` };
      return post(issuePass(access, `new-${number}@example.com`, values));
    }
    if (which < 0.14 && recent.length > 0) {
      // As a sender does that saw no answer: twice at once.
      const order = one(recent);
      post(order);
      return post(order);
    }
    const known = one(subjects);
    if (which < 0.2) {
      for (let count = 0; count < BURST; count++) post(pushUpdate(access, known.subject, fields()));
      return;
    }
    if (which < 0.26) return post(sendMessage(access, known, nextNumber()));
    if (syncs && which > 0.7) return post(syncProfile(access, known.subject, fields()));
    post(which < 0.35 ? patchPass(access, known, fields()) : pushUpdate(access, known.subject, fields()));
  };

  const acting = (async (): Promise<void> => {
    while (!stopped) {
      act();
      // Arrivals of many independent senders.
      await pause((-Math.log(1 - random()) * 1_000) / rate);
    }
  })();

  return {
    async stop() {
      stopped = true;
      await acting;
      while (under.size > 0) await Promise.all([...under]);
      if (failure !== undefined) throw failure;
    },
  };
}
