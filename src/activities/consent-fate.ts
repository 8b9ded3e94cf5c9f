import type { HandedChannel, OpenConsent } from '../database/customers/hand-consents.js';
import { readConsent, type ChannelConsent } from '../klaviyo/consent.js';
import type { KlaviyoCall } from './klaviyo-calls.js';

export type Reachable = Record<HandedChannel, string | null>;

export interface ConsentFates {
  /** Klaviyo has them: the job without an answer was carried out, or somebody else subscribed the person. */
  taken: OpenConsent[];
  /** The person has unsubscribed since; a job would lift that. */
  left: OpenConsent[];
  open: OpenConsent[];
}

/** What the profile says of each consent, after a job whose answer was lost. */
export async function lookUpConsents(
  call: KlaviyoCall,
  consents: readonly OpenConsent[],
  reachable: Reachable,
): Promise<ConsentFates> {
  const said = new Map<HandedChannel, ChannelConsent | undefined>();
  for (const channel of new Set(consents.map((consent) => consent.channel))) {
    const attribute = channel === 'email' ? 'email' : 'phone_number';
    const [profile] = await call('profiles', (client) => client.findProfiles(attribute, [reachable[channel]!]));
    said.set(channel, readConsent(profile?.attributes['subscriptions'] ?? null).channels[channel]);
  }
  const fates: ConsentFates = { taken: [], left: [], open: [] };
  for (const consent of consents) {
    const now = said.get(consent.channel);
    const since = now?.at == null || Date.parse(now.at) >= consent.givenAt.getTime();
    if (now?.state === 'SUBSCRIBED') fates.taken.push(consent);
    else if (now?.state === 'UNSUBSCRIBED' && since) fates.left.push(consent);
    else fates.open.push(consent);
  }
  return fates;
}
