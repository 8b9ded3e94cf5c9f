import { isOutage } from './burst-step.js';

/**
 * Attempts all items at once. Where PostgreSQL refuses them, attempts one half after the other, until `alone` gets the item
 * that it refuses.
 * @throws an outage, unchanged: the step is then retried.
 */
export async function inHalves<T>(
  items: readonly T[],
  attempt: (items: readonly T[]) => Promise<void>,
  alone: (item: T, error: unknown) => void,
): Promise<void> {
  if (items.length === 0) return;
  try {
    await attempt(items);
  } catch (error) {
    if (isOutage(error)) throw error;
    if (items.length === 1) return alone(items[0]!, error);
    const half = items.length >> 1;
    await inHalves(items.slice(0, half), attempt, alone);
    await inHalves(items.slice(half), attempt, alone);
  }
}
