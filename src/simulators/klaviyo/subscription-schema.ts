import { z } from 'zod';

const parameters = z.looseObject({
  consent: z.literal('SUBSCRIBED'),
  consented_at: z.iso.datetime({ offset: true }).nullish(),
});
const email = z.looseObject({ marketing: parameters.nullish() }).nullish();
const sms = z.looseObject({ marketing: parameters.nullish(), transactional: parameters.nullish() }).nullish();
const list = z.looseObject({ data: z.looseObject({ type: z.literal('list'), id: z.string() }).optional() });

/** The job's body as Klaviyo's description (revision 2026-07-15) requires it. */
export const subscriptionJob = z.looseObject({
  data: z.looseObject({
    type: z.literal('profile-subscription-bulk-create-job'),
    attributes: z.looseObject({
      custom_source: z.string().nullish(),
      historical_import: z.boolean().nullish(),
      profiles: z.looseObject({
        data: z.array(
          z.looseObject({
            type: z.literal('profile'),
            id: z.string().nullish(),
            attributes: z.looseObject({
              email: z.string().nullish(),
              phone_number: z.string().nullish(),
              subscriptions: z.looseObject({ email, sms }),
            }),
          }),
        ),
      }),
    }),
    relationships: z.looseObject({ list: list.optional() }).optional(),
  }),
});
