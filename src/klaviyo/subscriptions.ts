import { needingScopes } from './api-failures.js';
import type { Transport } from './transport.js';

/** A person who agreed to marketing; each address only where its channel was agreed to. */
export interface Subscriber {
  email: string | null;
  /** E.164. */
  phone: string | null;
  /** What Klaviyo keeps with the consent, such as the version of the text. */
  source: string;
}

const agreed = { marketing: { consent: 'SUBSCRIBED' } };

/**
 * Body of the subscription job. Without `consented_at`: Klaviyo refuses it outside a historical import, and an import
 * would pass over the double opt-in that the merchant has set.
 */
export function subscriptionBody({ email, phone, source }: Subscriber) {
  const attributes = {
    ...(email !== null && { email }),
    ...(phone !== null && { phone_number: phone }),
    subscriptions: { ...(email !== null && { email: agreed }), ...(phone !== null && { sms: agreed }) },
  };
  return {
    data: {
      type: 'profile-subscription-bulk-create-job',
      attributes: { custom_source: source, profiles: { data: [{ type: 'profile', attributes }] } },
    },
  };
}

/** The one call that changes consent; it only ever subscribes. */
export function subscriptionCalls(send: Transport) {
  return {
    /** Accepted, not yet processed: 202. Throws `klaviyo-scope-missing` where the key may do all but this. */
    async subscribe(subscriber: Subscriber): Promise<{ partialFailure: string[] }> {
      const cure =
        'Klaviyo takes no consents with this key: give it lists:write, profiles:write and subscriptions:write, then retry the operation.';
      const answer = await needingScopes(cure, () =>
        send('POST', '/api/profile-subscription-bulk-create-jobs', subscriptionBody(subscriber)),
      );
      return { partialFailure: answer.partialFailure };
    },
  };
}
