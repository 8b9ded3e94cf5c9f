import { randomBytes, randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createComplaintBook } from './complaints.js';
import { waitUntil } from './events.js';
import { createFailedCalls } from './failed-calls.js';
import { addressOf, newPass, takeUpdate, type InstalledPass, type PassUpdate } from './passes.js';
import { createRefresher, type Channel } from './refresh.js';
import { shownFace, type PhoneSystem, type ShownFace } from './shown-face.js';
import { createPassWebService, type PassAddress } from './web-service.js';

export { BundleRefused } from './bundle.js';
export type { PassUpdate } from './passes.js';

/** The push service a phone listens to; the APNs simulator is one. */
export interface PushService {
  registerToken(token: string, topic: string, onPush: () => void): void;
  unregisterToken(token: string): void;
}

export interface IphoneOptions {
  readonly apns: PushService;
  /** Authorities (root or WWDR, PEM) that signatures must lead to; without them only what the bundle carries is checked. */
  readonly caPem?: string | readonly string[];
  /** The first pause of `retry()`; each further one is twice as long. Default 1,000. */
  readonly baseDelayMs?: number;
  /** A call without an answer for this long has failed. Default 30,000. */
  readonly timeoutMs?: number;
  /** Allows a webServiceURL with http that leads to this machine. Default true. */
  readonly developerMode?: boolean;
  /** Default iOS 27. */
  readonly system?: PhoneSystem;
  /** Default en-US. */
  readonly locale?: string;
  /** Default UTC. */
  readonly timeZone?: string;
  /** Milliseconds; default Date.now. */
  readonly clock?: () => number;
  /** Hears one line for everything the phone does. */
  readonly log?: (line: string) => void;
}

export interface Iphone {
  readonly deviceLibraryIdentifier: string;
  readonly pushToken: string;
  /** Pushes that reached this phone. */
  readonly pushes: number;
  /** Everything the web service did that a device does not accept or complains of; also sent to its /v1/log. */
  readonly complaints: readonly string[];
  readonly updates: readonly PassUpdate[];
  /** Emits 'push', 'registered', 'update' (PassUpdate), 'refreshed', 'complaint' (string). */
  readonly events: EventEmitter;
  passes(): readonly InstalledPass[];
  /** What the front of an installed pass shows on the system of this phone. Throws when the phone does not have it. */
  shows(serialNumber: string): ShownFace;
  /** Judges, installs and registers a pass, then lists as phones do. Throws BundleRefused; failed calls become complaints. */
  install(pkpass: Buffer): Promise<InstalledPass>;
  /** Deletes the pass and its registration. Throws when the phone does not have it. */
  remove(serialNumber: string): Promise<void>;
  /** Gets a new token from the push service and registers every pass again; the old token is dead from now on. */
  changePushToken(): Promise<void>;
  /** Repeats failed calls with growing pauses; false when some still fail after `attempts` (default 5). */
  retry(attempts?: number): Promise<boolean>;
  /** Resolves once the predicate holds; it is asked again after every event. Rejects after `timeoutMs` (default 10,000). */
  waitFor(predicate: (phone: Iphone) => boolean, timeoutMs?: number): Promise<void>;
  /** From now on pushes are ignored. */
  stop(): void;
}

/** A phone with an empty Wallet that judges passes and their web service as strictly as devices are known to. */
export function createIphone(options: IphoneOptions): Iphone {
  const { apns, log = () => undefined, clock = Date.now, baseDelayMs = 1000, developerMode = true } = options;
  const device = randomUUID().replaceAll('-', '');
  const service = createPassWebService(device, options.timeoutMs ?? 30_000);
  const events = new EventEmitter();
  const updates: PassUpdate[] = [];
  const passes = new Map<string, InstalledPass>();
  const channels = new Map<string, Channel>();
  let pushToken = randomBytes(32).toString('hex');
  let pushes = 0;
  let stopped = false;

  const keyOf = (type: string, serial: string): string => `${type}/${serial}`;
  const rules = () => ({
    now: clock(),
    developerMode,
    locale: options.locale ?? 'en-US',
    timeZone: options.timeZone ?? 'UTC',
    ...(options.caPem === undefined ? {} : { caPem: options.caPem }),
  });

  const { complaints, complain, sendLogs } = createComplaintBook(service, (text) => {
    log(`complaint: ${text}`);
    events.emit('complaint', text);
  });
  const failedCalls = createFailedCalls(baseDelayMs, sendLogs);

  const refresh = createRefresher({
    list: ({ webServiceURL, passTypeIdentifier, tag }) => service.listChanged(webServiceURL, passTypeIdentifier, tag),
    isRegistered: ({ passTypeIdentifier }, serial) => passes.has(keyOf(passTypeIdentifier, serial)),
    complain: ({ webServiceURL }, text) => complain(webServiceURL, text),
    async fetch({ passTypeIdentifier }, serial, announced) {
      const pass = passes.get(keyOf(passTypeIdentifier, serial));
      const address = pass && addressOf(pass);
      if (pass === undefined || address === undefined) return;
      const fetched = await service.fetchPass(address, pass.lastModified);
      if (fetched === undefined) return log(`${serial}: not modified`);
      const update = takeUpdate(pass, fetched, announced, rules(), (text) => complain(address.webServiceURL, text));
      if (update === undefined) return;
      updates.push(update);
      log(`${serial}: updated${update.lockScreen.kind === 'silent' ? ' silently' : `, "${update.lockScreen.text}"`}`);
      events.emit('update', update);
    },
    failed(channel, error) {
      complain(channel.webServiceURL, error.message);
      failedCalls.keep(`refresh ${channelKey(channel)}`, () => refreshAndReport(channel));
    },
    succeeded: (channel) => failedCalls.forget(`refresh ${channelKey(channel)}`),
  });
  const refreshAndReport = async (channel: Channel): Promise<void> => {
    await refresh(channel);
    await sendLogs();
    events.emit('refreshed', channel.passTypeIdentifier);
  };

  const channelKey = (of: Pick<PassAddress, 'webServiceURL' | 'passTypeIdentifier'>): string =>
    `${of.webServiceURL} ${of.passTypeIdentifier}`;
  const channelOf = ({ webServiceURL, passTypeIdentifier }: PassAddress): Channel => {
    const key = channelKey({ webServiceURL, passTypeIdentifier });
    const channel = channels.get(key);
    if (channel !== undefined) return channel;
    const fresh = { webServiceURL, passTypeIdentifier, tag: undefined, pushed: false, wanted: new Set<string>() };
    channels.set(key, fresh);
    return fresh;
  };

  const onPush = (type: string): void => {
    if (stopped) return;
    pushes += 1;
    log(`push for ${type}`);
    events.emit('push', type);
    for (const channel of channels.values()) {
      if (channel.passTypeIdentifier !== type) continue;
      channel.pushed = true;
      void refreshAndReport(channel);
    }
  };
  const listenTo = (type: string): void => apns.registerToken(pushToken, type, () => onPush(type));

  const attempt = (name: string, webServiceURL: string, call: () => Promise<void>): Promise<void> =>
    failedCalls.attempt(name, call, ({ message }) => complain(webServiceURL, message));
  const register = async (pass: InstalledPass, address: PassAddress): Promise<void> => {
    const key = keyOf(pass.passTypeIdentifier, pass.serialNumber);
    await attempt(`register ${key}`, address.webServiceURL, async () => {
      await service.register(address, pushToken);
      pass.registered = true;
      log(`${pass.serialNumber}: registered`);
      events.emit('registered', pass);
      // Straight after registering a phone lists, and with a tag in hand also fetches the pass.
      const channel = channelOf(address);
      if (channel.tag !== undefined) channel.wanted.add(pass.serialNumber);
      await refreshAndReport(channel);
    });
    await sendLogs();
  };

  const phone: Iphone = {
    deviceLibraryIdentifier: device,
    get pushToken() {
      return pushToken;
    },
    get pushes() {
      return pushes;
    },
    complaints,
    updates,
    events,
    passes: () => [...passes.values()],
    shows(serialNumber) {
      const pass = [...passes.values()].find((one) => one.serialNumber === serialNumber);
      if (pass === undefined) throw new Error(`The phone has no pass ${serialNumber}.`);
      const { json, style } = pass.bundle.content;
      return shownFace(json, style, options.system ?? 'iOS 27');
    },

    async install(pkpass) {
      const pass = newPass(pkpass, rules());
      passes.set(keyOf(pass.passTypeIdentifier, pass.serialNumber), pass);
      log(`${pass.serialNumber}: installed`);
      const address = addressOf(pass);
      if (address === undefined) return pass;
      listenTo(pass.passTypeIdentifier);
      channelOf(address);
      await register(pass, address);
      return pass;
    },

    async remove(serialNumber) {
      const pass = [...passes.values()].find((one) => one.serialNumber === serialNumber);
      if (pass === undefined) throw new Error(`the phone has no pass with the serial number ${serialNumber}`);
      const key = keyOf(pass.passTypeIdentifier, serialNumber);
      passes.delete(key);
      failedCalls.forget(`register ${key}`);
      const address = addressOf(pass);
      if (address === undefined) return;
      const channel = channelOf(address);
      channel.wanted.delete(serialNumber);
      const others = [...passes.values()].some((other) => {
        const place = addressOf(other);
        return place !== undefined && channelKey(place) === channelKey(address);
      });
      if (!others) {
        channels.delete(channelKey(address));
        failedCalls.forget(`refresh ${channelKey(address)}`);
      }
      if (pass.registered) await attempt(`unregister ${key}`, address.webServiceURL, () => service.unregister(address));
      await sendLogs();
    },

    async changePushToken() {
      apns.unregisterToken(pushToken);
      pushToken = randomBytes(32).toString('hex');
      new Set(phone.passes().map(({ passTypeIdentifier }) => passTypeIdentifier)).forEach(listenTo);
      for (const pass of passes.values()) {
        const address = addressOf(pass);
        if (address !== undefined) await register(pass, address);
      }
    },

    retry: (attempts = 5) => failedCalls.retry(attempts),
    waitFor: (predicate, timeoutMs = 10_000) =>
      waitUntil(
        events,
        () => predicate(phone),
        timeoutMs,
        () => `${pushes} pushes, ${updates.length} updates, complaints: ${complaints.join(' | ') || 'none'}`,
      ),

    stop() {
      stopped = true;
    },
  };
  return phone;
}
