import { setTimeout as pause } from 'node:timers/promises';
import type { PassrelayClient } from '../../client/src/index.js';
import type { Journal } from './journal.js';

export interface LoadOptions {
  client: PassrelayClient;
  journal: Journal;
  serialNumbers: readonly string[];
  perSecond: number;
}

/**
 * Updates at a constant rate, each pass in turn, and as many looks at a status. An update of a pass waits for the answer to
 * the one before, so that the journal knows the order. Returns what stops it and waits for the answers that are out.
 */
export function startLoad({ client, journal, serialNumbers, perSecond }: LoadOptions): { stop(): Promise<void> } {
  let running = true;
  let sent = 0;
  const chains = new Map<string, Promise<void>>();
  let points = 1_000 + journal.updates.length;
  let lastAccepted: string | null = null;

  async function update(serialNumber: string): Promise<void> {
    const entry = { serialNumber, points: points++, correlationId: null as string | null };
    journal.updates.push(entry);
    const accepted = await client
      .pushUpdate({ identifiers: { serialNumber }, additionalData: { points: entry.points } })
      // The exchange is in the journal; the judge asks whether it took effect.
      .catch(() => null);
    entry.correlationId = accepted?.correlationId ?? null;
    lastAccepted = entry.correlationId ?? lastAccepted;
  }

  const loop = (async () => {
    const begun = performance.now();
    while (running) {
      const due = begun + (sent * 1_000) / perSecond;
      await pause(Math.max(0, due - performance.now()));
      const serialNumber = serialNumbers[sent++ % serialNumbers.length]!;
      chains.set(
        serialNumber,
        (chains.get(serialNumber) ?? Promise.resolve()).then(() => update(serialNumber)),
      );
      if (lastAccepted) void client.getOperation(lastAccepted).catch(() => null);
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
      await Promise.all(chains.values());
    },
  };
}
