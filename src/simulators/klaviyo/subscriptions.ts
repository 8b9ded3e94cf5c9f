import type { SimulatedAccount } from './account.js';
import { invalid, type SimulatedAnswer } from './errors.js';
import { EMAIL, E164, owners } from './profiles.js';
import type { BodyOf } from './schemas.js';

type Subscriber = BodyOf<'subscriptionJob'>['data']['attributes']['profiles']['data'][number]['attributes'];

function checkSubscriber({ email, phone_number: phone, subscriptions }: Subscriber, historical: boolean, at: string) {
  if (email != null && !EMAIL.test(email)) throw invalid('Invalid email address', `${at}/email`);
  if (phone != null && !E164.test(phone)) {
    throw invalid('Invalid phone number format (Example of a valid format: +12345678901)', `${at}/phone_number`);
  }
  for (const [channel, identifier, field] of [
    ['email', email, 'email'],
    ['sms', phone, 'phone_number'],
  ] as const) {
    const marketing = subscriptions[channel]?.marketing;
    if (!marketing) continue;
    if (!identifier) throw invalid(`The ${channel} channel needs ${field}.`, `${at}/${field}`);
    if ((marketing.consented_at != null) !== historical) {
      throw invalid(
        'consented_at must be given with historical_import, and only then.',
        `${at}/subscriptions/${channel}/marketing/consented_at`,
      );
    }
  }
  if (!subscriptions.email?.marketing && !subscriptions.sms?.marketing) {
    throw invalid('At least one channel is required.', `${at}/subscriptions`);
  }
}

/** Subscribes known profiles; as recorded, without a list it makes none for an unknown address. */
export function subscribe(account: SimulatedAccount, body: BodyOf<'subscriptionJob'>, nowMs: number): SimulatedAnswer {
  const { profiles, historical_import: historical } = body.data.attributes;
  const at = '/data/attributes/profiles/data';
  if (profiles.data.length === 0 || profiles.data.length > 1000) throw invalid('1 to 1000 profiles in one job.', at);
  for (const [i, { attributes }] of profiles.data.entries()) {
    checkSubscriber(attributes, historical === true, `${at}/${i}/attributes`);
  }
  account.subscriptionJobs.push(body.data.attributes);
  for (const { attributes } of profiles.data) {
    for (const profile of owners(account, attributes)) {
      for (const channel of ['email', 'sms'] as const) {
        const marketing = attributes.subscriptions[channel]?.marketing;
        if (!marketing) continue;
        const timestamp = marketing.consented_at ?? new Date(nowMs).toISOString();
        const able = `can_receive_${channel}_marketing`;
        profile.subscriptions[channel] = {
          marketing: { [able]: true, consent: 'SUBSCRIBED', timestamp, suppression: [] },
        };
      }
    }
  }
  return { status: 202 };
}
