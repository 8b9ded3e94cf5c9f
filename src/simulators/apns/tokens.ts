import type { Refusal } from './requests.js';

/** Called when a push reaches the device. */
export type PushListener = (push: { readonly topic: string }) => void;

interface Device {
  readonly topics: Map<string, PushListener>;
  unregisteredAt?: number;
}

/** The device tokens the push service knows, each with the topics it listens to. */
export interface TokenDirectory {
  /** A device announces itself; a token that had been unregistered comes back to life. */
  registerToken(token: string, topic: string, onPush?: PushListener): void;
  /** From now on the token answers 410 with this time (milliseconds, default now). Unknown tokens become known as gone. */
  unregisterToken(token: string, atMs?: number): void;
  /** The listener of this token and topic, or Apple's refusal. */
  lookUp(token: string, topic: string): PushListener | Refusal;
}

/** An empty directory; `clock` gives milliseconds. */
export function createTokenDirectory(clock: () => number): TokenDirectory {
  const devices = new Map<string, Device>();
  const deviceOf = (token: string): Device => {
    const known = devices.get(token.toLowerCase());
    if (known !== undefined) return known;
    const device: Device = { topics: new Map() };
    devices.set(token.toLowerCase(), device);
    return device;
  };
  return {
    registerToken(token, topic, onPush = () => undefined) {
      const device = deviceOf(token);
      delete device.unregisteredAt;
      device.topics.set(topic, onPush);
    },
    unregisterToken(token, atMs = clock()) {
      deviceOf(token).unregisteredAt = atMs;
    },
    lookUp(token, topic) {
      const device = devices.get(token);
      if (device === undefined) return { status: 400, reason: 'BadDeviceToken' };
      if (device.unregisteredAt !== undefined)
        return { status: 410, reason: 'Unregistered', timestamp: device.unregisteredAt };
      return device.topics.get(topic) ?? { status: 400, reason: 'DeviceTokenNotForTopic' };
    },
  };
}
