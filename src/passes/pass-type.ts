import { z } from 'zod';
import type { JsonValue } from '../common/json.js';
import { nearby } from './nearby.js';

/** JSON types that a field of a pass type can hold; `date` is YYYY-MM-DD, `datetime` ISO 8601 with a zone. */
export const FIELD_TYPES = ['text', 'number', 'integer', 'boolean', 'date', 'datetime', 'url'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

const json: z.ZodType<JsonValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);

export const passField = z.strictObject({
  apiFieldName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'letters, digits, "-" and "_", starting with a letter'),
  label: z.string().max(100).optional(),
  type: z.enum(FIELD_TYPES),
  required: z.boolean().default(false),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  maxLength: z.int().positive().max(4096).optional(),
  /** The only values of a text field; anything else does not fit. Case does not count. */
  oneOf: z.array(z.string().min(1).max(255)).min(1).max(100).optional(),
  /** Where the value is in the Klaviyo profile: an attribute (`first_name`) or a custom property (`properties.tier`). */
  source: z.string().max(200).optional(),
  /** Zone of the field's days and times: an IANA name, or a field that holds one as `{{time-zone}}`. */
  timeZone: z.string().max(100).optional(),
});
export type PassField = z.infer<typeof passField>;

/** A value computed from the pass's data, and again when a field changes that it names. */
export const visual = z.union([
  z.strictObject({ from: z.string(), cases: z.record(z.string(), z.string()), default: z.string().optional() }),
  z.strictObject({ template: z.string() }),
]);

/** One field on the face or back of an Apple pass; keys beyond the named ones go through to pass.json. */
export const appleField = z.looseObject({
  key: z.string().min(1),
  label: z.string().optional(),
  value: z.union([z.string(), z.number()]),
  changeMessage: z.string().optional(),
});
export type AppleField = z.infer<typeof appleField>;

export const APPLE_STYLES = ['boardingPass', 'coupon', 'eventTicket', 'generic', 'storeCard'] as const;
const appleFields = z.array(appleField).default([]);

export const BARCODE_FORMATS = [
  'PKBarcodeFormatQR',
  'PKBarcodeFormatPDF417',
  'PKBarcodeFormatAztec',
  'PKBarcodeFormatCode128',
] as const;
/** Formats that came with iOS 27: older systems pass them over and show the next one of the list. */
export const NEW_BARCODE_FORMATS = [
  'PKBarcodeFormatCode39',
  'PKBarcodeFormatCodabar',
  'PKBarcodeFormatEAN13',
  'PKBarcodeFormatI2of5',
] as const;
export type BarcodeFormat = (typeof BARCODE_FORMATS)[number] | (typeof NEW_BARCODE_FORMATS)[number];

export const appleDesign = z.strictObject({
  passTypeIdentifier: z.string().regex(/^pass\.[A-Za-z0-9.-]+$/),
  style: z.enum(APPLE_STYLES),
  transitType: z
    .enum(['PKTransitTypeAir', 'PKTransitTypeBoat', 'PKTransitTypeBus', 'PKTransitTypeGeneric', 'PKTransitTypeTrain'])
    .optional(),
  logoText: z.string().optional(),
  backgroundColor: z.string().optional(),
  foregroundColor: z.string().optional(),
  labelColor: z.string().optional(),
  headerFields: appleFields,
  primaryFields: appleFields,
  secondaryFields: appleFields,
  auxiliaryFields: appleFields,
  backFields: appleFields,
  /** Beside a poster event ticket, iOS 18 and later. */
  additionalInfoFields: z.array(appleField).optional(),
  /** The full-face design of iOS 27, beside the style that older systems show. */
  posterGeneric: z
    .strictObject({
      headerFields: appleFields,
      primaryFields: appleFields,
      footerFields: appleFields,
      backFields: appleFields,
      additionalInfoFields: appleFields,
    })
    .optional(),
  /**
   * The back field that shows messages. A phone may stay silent when a field is new: it is on the pass from the beginning, and
   * says `empty` while there is no message. Labels may be sources of translations.
   */
  messages: z
    .strictObject({
      label: z.string().min(1).max(40).default('News'),
      earlierLabel: z.string().min(1).max(40).default('Earlier'),
      empty: z.string().min(1).max(100).default('–'),
      place: z.enum(['first', 'last']).default('first'),
    })
    .optional(),
  barcodes: z
    .array(
      z.strictObject({
        format: z.enum([...BARCODE_FORMATS, ...NEW_BARCODE_FORMATS]),
        message: z.string(),
        messageEncoding: z.string().default('iso-8859-1'),
        altText: z.string().optional(),
      }),
    )
    .default([]),
  /** Image role (`icon`, `logo`, `strip`, `background`, `thumbnail`, `footer`) to base file name; @2x and @3x are found beside it. */
  images: z.record(z.string(), z.string()).default({}),
  /** Language tag to strings (source text to translation) and localised images. */
  localizations: z
    .record(
      z.string(),
      z.strictObject({
        strings: z.record(z.string(), z.string()).default({}),
        images: z.record(z.string(), z.string()).default({}),
      }),
    )
    .default({}),
  locations: z.array(z.record(z.string(), json)).max(10).optional(),
  maxDistance: z.number().positive().optional(),
  beacons: z.array(z.record(z.string(), json)).max(10).optional(),
  relevantDate: z.string().optional(),
  relevantDates: z.array(z.record(z.string(), json)).optional(),
  expirationDate: z.string().optional(),
  associatedStoreIdentifiers: z.array(z.number()).optional(),
  appLaunchURL: z.string().optional(),
  nfc: z
    .strictObject({
      message: z.string(),
      encryptionPublicKey: z.string(),
      requiresAuthentication: z.boolean().optional(),
    })
    .optional(),
  sharingProhibited: z.boolean().optional(),
  groupingIdentifier: z.string().optional(),
  suppressStripShine: z.boolean().optional(),
  /** Top-level pass.json keys of newer iOS versions, passed through as they are. */
  extra: z.record(z.string(), json).default({}),
});
export type AppleDesign = z.infer<typeof appleDesign>;

export const GOOGLE_TYPES = ['generic', 'loyalty', 'offer'] as const;
export const googleDesign = z.strictObject({
  type: z.enum(GOOGLE_TYPES),
  classSuffix: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  /** The class resource of the Wallet REST API without id and reviewStatus; not data-dependent. */
  class: z.record(z.string(), json).default({}),
  /** The object resource without id, classId and state; strings may hold placeholders. */
  object: z.record(z.string(), json).default({}),
  /** Field names whose change should notify the holder, where the type supports it. */
  notifyOn: z.array(z.string()).default([]),
  /** As an offer, this type is a pass of its own beside the card (Google: auto-linked pass) instead of covering it. */
  autoLinked: z
    .boolean()
    .optional()
    .describe('As an offer, this type is a pass of its own beside the card, which Google links to it'),
});
export type GoogleDesign = z.infer<typeof googleDesign>;

/** A pass type as its author writes it (`pass-types/<name>.json`). */
export const passTypeDesign = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-"'),
  id: z.string().regex(/^ptk_0x[0-9a-f]{1,64}$/, 'ptk_0x followed by lower-case hex digits'),
  description: z.string().min(1).max(200),
  organizationName: z.string().min(1).max(100),
  /** Zone of days and times instead of the tenant's: an IANA name, or the customer's as `{{time-zone}}`. */
  timeZone: z.string().max(100).optional(),
  fields: z.array(passField).max(200),
  visuals: z.record(z.string(), visual).default({}),
  nearby: nearby.optional(),
  apple: appleDesign.optional(),
  google: googleDesign.optional(),
});
export type PassTypeDesign = z.infer<typeof passTypeDesign>;

/** A published, immutable version of a design. `images` maps each file name to the SHA-256 (hex) of its bytes. */
export interface PassTypeVersion {
  tenantId: string;
  passTypeId: string;
  version: number;
  design: PassTypeDesign;
  images: Record<string, string>;
}
