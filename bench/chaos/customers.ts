import { createIphone, type Iphone } from '../../src/simulators/iphone/iphone.js';
import type { Providers } from './providers.js';
import type { Fields } from './journal.js';

const INSTALLED_MS = 30_000;

/** A customer with a phone that holds the pass. */
export interface Customer {
  readonly subject: string;
  readonly serialNumber: string;
  readonly phone: Iphone;
}

/** What a phone's copy of the pass says in the fields that the drill changes. */
export function shownOnPhone({ phone, serialNumber }: Customer): Fields {
  const pass = phone.passes().find((one) => one.serialNumber === serialNumber);
  const valueOf = (key: string): string =>
    String(pass?.bundle.content.fields.find((field) => field.key === key)?.value ?? '');
  return { points: valueOf('points'), offer: valueOf('offer') };
}

/** Fetches the pass as a person does, and installs it on a phone of its own. */
export async function installPass(
  { apns }: Providers,
  authorityPem: string,
  publicUrl: string,
  pass: { subject: string; serialNumber: string },
): Promise<Customer> {
  const answer = await fetch(`${publicUrl}/p/${pass.serialNumber}/pass.pkpass`);
  if (answer.status !== 200) throw new Error(`the pass of ${pass.subject} answers ${answer.status}`);
  const phone = createIphone({ apns, caPem: authorityPem });
  const installed = await phone.install(Buffer.from(await answer.arrayBuffer()));
  if (!installed.registered) await phone.waitFor(() => installed.registered, INSTALLED_MS);
  return { ...pass, phone };
}
