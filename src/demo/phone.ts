import { createIphone, type Iphone, type PassUpdate } from '../simulators/iphone.js';
import type { JourneyContext } from './journey.js';

/** A phone that has the demo's pass; undefined where pushes go to a real APNs, which knows no simulated phone. */
export async function installOnPhone({ api, tenant, simulators }: JourneyContext): Promise<Iphone | undefined> {
  if (!simulators.apns) return undefined;
  const phone = createIphone({ apns: simulators.apns, caPem: tenant.certificates.authorityPem });
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
