import { setTimeout as pause } from 'node:timers/promises';
import type { KlaviyoSimulator, SimulatedEvent } from '../simulators/klaviyo/klaviyo.js';

const EVENT_MS = 20_000;
export const TOKEN_PROPERTY = 'neostore.authenticationToken';

const text = (value: unknown): string => (typeof value === 'string' ? value : 'none');

/** Waits until the simulated Klaviyo has an event of this pass; throws an Error when none came. */
export async function untilEvent(
  klaviyo: KlaviyoSimulator,
  metric: string,
  serialNumber: string,
): Promise<SimulatedEvent> {
  const deadline = Date.now() + EVENT_MS;
  for (;;) {
    const event = klaviyo
      .events()
      .find((one) => one.metric === metric && one.properties['serial_number'] === serialNumber);
    if (event) return event;
    if (Date.now() > deadline) throw new Error(`the event "${metric}" did not reach Klaviyo in ${EVENT_MS / 1000} s`);
    await pause(25);
  }
}

/** The newest WalletPass record of a pass. */
export function recordOf(klaviyo: KlaviyoSimulator, serialNumber: string): Record<string, unknown> {
  const found = klaviyo.records().findLast(({ record }) => record['serial_number'] === serialNumber);
  if (!found) throw new Error('Klaviyo has no WalletPass record of the pass');
  return found.record;
}

export interface WrittenBack {
  /** The pass link, as a flow mail takes it from the profile. */
  link: string;
  token: string;
  /** What Klaviyo has, for people to read. */
  lines: string[];
}

/** What the write-back left in Klaviyo for a new pass; throws an Error where something is missing. */
export async function writtenBack(
  klaviyo: KlaviyoSimulator,
  { email, serialNumber }: { email: string; serialNumber: string },
): Promise<WrittenBack> {
  const properties = klaviyo.profiles().find(({ attributes }) => attributes['email'] === email)?.attributes.properties;
  const link = properties?.['wallet_pass_url'];
  const token = properties?.[TOKEN_PROPERTY];
  if (typeof link !== 'string' || typeof token !== 'string') {
    throw new Error('the profile in Klaviyo lacks the link or the token of the pass');
  }
  const record = recordOf(klaviyo, serialNumber);
  const event = await untilEvent(klaviyo, 'Pass Created', serialNumber);
  return {
    link,
    token,
    lines: [
      `Profile     wallet_pass_state ${text(properties?.['wallet_pass_state'])}, wallet_pass_url, ${TOKEN_PROPERTY}`,
      `WalletPass  state ${text(record['state'])}, apple_state ${text(record['apple_state'])}, pass_type ${text(record['pass_type'])}`,
      `Event       ${event.metric}, unique_id ${event.uniqueId.slice(0, 8)}…`,
    ],
  };
}
