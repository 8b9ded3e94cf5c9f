import { isOutage } from './burst-step.js';

/**
 * Does something with all items at once; where PostgreSQL refuses it, with one half after the other, until the item that it
 * refuses is `alone`.
 * @throws an outage as it is: the step is then retried.
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
