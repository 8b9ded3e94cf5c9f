import { z } from 'zod';
import { isTimeZone } from '../common/zoned-time.js';

const timeZone = z.string().refine(isTimeZone, 'the IANA name of a time zone, such as Europe/Berlin');

const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 21:00');

const webPage = z
  .string()
  .regex(/^https:\/\/[^\s"'<>]+$/, 'must begin with https://')
  .nullable()
  .default(null);

/** Settings of a tenant (`tenant.json` → `settings`); every one has a default, so an empty object is a working tenant. */
export const tenantSettings = z.strictObject({
  /** ISO 3166 country whose national phone numbers are understood. */
  defaultCountry: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .default('US'),
  /** BCP 47 tag of pages and passes where the customer's own language is unknown. */
  language: z.string().default('en'),
  /** IANA name, such as Europe/Berlin: where the days of passes begin and end and their times are shown; null: UTC. */
  timeZone: timeZone.nullable().default(null),
  /** Identifier kinds of the tenant's own, beyond email, phone, customerId, serialNumber and externalId. */
  customIdentifiers: z
    .array(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/))
    .max(20)
    .default([]),
  /** `all`: every identifier given must lead to the pass. `known`: unknown identifiers are ignored. */
  identifierMatching: z.enum(['all', 'known']).default('all'),
  /** How long a push-update waits for a pass that an accepted issue-pass is still creating, seconds. */
  waitForPassSeconds: z.int().min(0).max(3600).default(120),
  /** How long a push-update waits for a pass that no accepted request creates, seconds. */
  waitForUnknownPassSeconds: z.int().min(0).max(3600).default(5),
  /** At most one push per device and pass type in this window, plus one at its end; seconds. */
  pushWindowSeconds: z.int().min(0).max(3600).default(10),
  allowSeveralPasses: z.boolean().default(false),
  /**
   * Which contacts lead to a customer, beside customerId and the tenant's own identifiers. Without `phone`, people may
   * share a phone number: it is kept, and names nobody.
   */
  identifyBy: z
    .array(z.enum(['email', 'phone']))
    .max(2)
    .default(['email', 'phone']),
  /** Which live pass stays when merged customers hold one each of a type that allows one; the others are voided. */
  mergeKeeps: z.enum(['installed', 'newest', 'oldest']).default('installed'),
  /** Issuing to the holder of an expired pass: `renew` makes it valid again, `new` issues another one. */
  issueAfterExpiry: z.enum(['renew', 'new']).default('renew'),
  listeners: z
    .strictObject({
      pushUpdate: z.boolean().default(true),
      profileSync: z.boolean().default(true),
      issuePass: z.boolean().default(true),
      sendMessage: z.boolean().default(true),
    })
    .prefault({}),
  /** Klaviyo flow ids that may call; empty: any. */
  allowedFlowIds: z.array(z.string()).default([]),
  /** Requests per minute that the webhooks and calls of this tenant may send. */
  requestsPerMinute: z.int().positive().default(6000),
  /** Webhook endpoints that the tenant may have. */
  webhookEndpoints: z.int().min(1).max(1000).default(20),
  klaviyo: z
    .strictObject({
      writeBack: z.boolean().default(false),
      /** `serialNumber`: write the serial as external_id where it is empty or ours; `merchant`: never touch it. */
      externalId: z.enum(['serialNumber', 'merchant']).default('merchant'),
      dataSourceId: z.string().nullable().default(null),
      /** Klaviyo profile property to customer property. */
      propertyMap: z.record(z.string(), z.string()).default({}),
      metricPrefix: z.string().max(40).default(''),
    })
    .prefault({}),
  google: z.strictObject({ issuerId: z.string().regex(/^\d+$/).nullable().default(null) }).prefault({}),
  links: z
    .strictObject({
      expiryDays: z.int().positive().default(90),
      graceDays: z.int().min(0).default(14),
      /** Name of the pass type that the enrolment page issues; null: the first by name. */
      passType: z.string().nullable().default(null),
    })
    .prefault({}),
  /** What holds messages back; a message of class `service` passes the cap, never the consent. */
  messages: z
    .strictObject({
      /** At most so many marketing messages to one customer in so many hours; null: no cap. */
      cap: z
        .strictObject({ most: z.int().min(1).max(100), hours: z.int().min(1).max(8760) })
        .nullable()
        .default(null),
      /** Times of the day where the customer is, such as 21:00 to 08:00; null: none. */
      quietHours: z.strictObject({ from: clock, until: clock }).nullable().default(null),
      heldBack: z.enum(['wait', 'drop']).default('wait'),
      /** A channel of consents without which nothing is sent; null: none. */
      requireConsent: z.string().min(1).max(64).nullable().default(null),
    })
    .prefault({}),
  consentTexts: z
    .array(
      z.strictObject({
        channel: z.string(),
        version: z.string(),
        text: z.record(z.string(), z.string()),
        handToKlaviyo: z.boolean().default(false),
      }),
    )
    .default([]),
  /** An issuer of access tokens of the tenant's own, beside the installation's; its tokens count for this tenant alone. */
  oauth: z
    .strictObject({
      issuer: z.string().min(1),
      audience: z.string().min(1),
      jwksUrl: z.string().regex(/^(?:https:\/\/|http:\/\/(?:localhost|127\.0\.0\.1)[:/])/, 'must begin with https://'),
    })
    .nullable()
    .default(null),
  /** Addresses in the foot of every page for customers; a page that asks for consents needs the first two in many countries. */
  pages: z
    .strictObject({
      privacyUrl: webPage,
      imprintUrl: webPage,
      /** A page or `mailto:` address; every page about a mistake links to it. */
      supportUrl: z
        .string()
        .regex(/^(?:https:\/\/|mailto:)[^\s"'<>]+$/, 'must begin with https:// or mailto:')
        .nullable()
        .default(null),
      brandUrl: webPage,
    })
    .prefault({}),
  retention: z
    .strictObject({ operationDays: z.int().positive().default(400), deviceLogDays: z.int().positive().default(90) })
    .prefault({}),
});
export type TenantSettings = z.infer<typeof tenantSettings>;
