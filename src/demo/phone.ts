import { createIphone, type Iphone, type PassUpdate } from '../simulators/iphone/iphone.js';
import type { ApnsSimulator } from '../simulators/apns/apns.js';
import type { OperationView } from './api-calls.js';
import { sinceAccepted, type JourneyContext } from './journey.js';
import type { Printer } from './printer.js';

/** A phone with an empty Wallet that trusts the demo's certificates. */
export const newPhone = ({ tenant }: JourneyContext, apns: ApnsSimulator): Iphone =>
  createIphone({ apns, caPem: tenant.certificates.authorityPem });

/** A phone that has the demo's pass; undefined where pushes go to a real APNs, which knows no simulated phone. */
export async function installOnPhone(context: JourneyContext): Promise<Iphone | undefined> {
  const { api, tenant, simulators } = context;
  if (!simulators.apns) return undefined;
  const phone = newPhone(context, simulators.apns);
  const pass = await phone.install(await api.passFile(tenant.pass.serialNumber));
  if (!pass.registered) {
    throw new Error(`the phone could not register its pass: ${phone.complaints.join('; ') || 'no reason given'}`);
  }
  return phone;
}

const shown = (value: string | number | undefined): string => (value === undefined ? '–' : String(value));

/** Lines that show what an update changed on the phone, before and after. */
export function describeUpdate({ changes, lockScreen }: PassUpdate): string[] {
  const width = Math.max(0, ...changes.map(({ label }) => label.length));
  const before = Math.max(0, ...changes.map((change) => shown(change.before).length));
  const rows = changes.map(
    (change) => `${change.label.padEnd(width)}   ${shown(change.before).padEnd(before)}  →  ${shown(change.after)}`,
  );
  const text = lockScreen.kind === 'silent' ? 'nothing (a silent update)' : `${lockScreen.title}: “${lockScreen.text}”`;
  return [...rows, `Lock screen: ${text}`];
}

const fields = (count: number): string => (count === 1 ? '1 field' : `${count} fields`);

const UPDATE_MS = 15_000;

export interface PhoneLines {
  /** From now on lines may appear: the step that tells the phones has been shown. */
  show(view: OperationView): void;
  /** The first update that the phone took; rejects when none came. */
  update(): Promise<PassUpdate>;
  stop(): void;
}

/** Prints what the phone does as it happens, but never before the step that made it do so. */
export function phoneLines(print: Printer, phone: Iphone | undefined): PhoneLines {
  const seen: { name: string; text: string; at: number }[] = [];
  let shown: OperationView | undefined;
  const updatesBefore = phone?.updates.length ?? 0;
  const flush = (): void => {
    if (!shown) return;
    for (const { name, text, at } of seen.splice(0)) {
      print.tick(name, text, sinceAccepted(shown, new Date(at).toISOString()));
    }
  };
  const onPush = (): void => {
    seen.push({ name: 'push', text: 'reached the phone', at: Date.now() });
    flush();
  };
  const onUpdate = ({ changes, at }: PassUpdate): void => {
    seen.push({ name: 'fetched', text: `the phone has the new pass, ${fields(changes.length)} changed`, at });
    flush();
  };
  phone?.events.on('push', onPush).on('update', onUpdate);
  return {
    show(view) {
      shown = view;
      flush();
    },
    async update() {
      await phone!.waitFor(({ updates }) => updates.length > updatesBefore, UPDATE_MS);
      return phone!.updates[updatesBefore]!;
    },
    stop: () => void phone?.events.off('push', onPush).off('update', onUpdate),
  };
}
