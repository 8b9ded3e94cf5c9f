import type { Choice } from './choose-pass.js';
import type { LifecycleInput, PushUpdateInput } from './operation-input.js';
import type { TenantSettings } from './tenant-settings.js';

type Waits = Pick<TenantSettings, 'waitForPassSeconds' | 'waitForUnknownPassSeconds'>;

/** Whether a pass that was not found may be on its way: a serial number is known from the beginning. */
export const couldAppear = (
  choice: Choice,
  input: Pick<PushUpdateInput, 'identifiers'> & Partial<LifecycleInput>,
): boolean =>
  choice.outcome === 'pass-not-found' &&
  input.passId === undefined &&
  !input.identifiers.some(({ kind }) => kind === 'serialNumber');

/** When to search for a pass again; null once the wait has been long enough. */
export function nextLookMs(waitedMs: number, creating: boolean, settings: Waits): number | null {
  const untilMs = (creating ? settings.waitForPassSeconds : settings.waitForUnknownPassSeconds) * 1000;
  if (waitedMs >= untilMs) return null;
  return Math.min(Math.max(500, Math.round(waitedMs / 2)), 10_000, untilMs - waitedMs + 50);
}

/** What the step says that it waits for. */
export const waitingFor = (creating: boolean): string =>
  creating ? 'a pass that is being created' : 'a pass that may be on its way';
