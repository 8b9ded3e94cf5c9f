import { isCurrency } from '../../common/currency.js';
import { languageTag } from '../../common/language-tag.js';

/** A text of a form of its own: what it must look like, what it is called, what around a placeholder spoils it. */
interface TextForm {
  fits: (text: string) => boolean;
  refused: string;
  cure: string;
  signs?: RegExp;
  /** The form as editors read it. */
  pattern?: string;
}

const matching = (form: RegExp, refused: string, cure: string, signs?: RegExp): TextForm => ({
  fits: (text) => form.test(text),
  // Editors know no flags; a form in either case is left to the check.
  ...(form.flags === '' && { pattern: form.source }),
  refused,
  cure,
  ...(signs && { signs }),
});

const isLanguage = (text: string): boolean => !text.includes('_') && languageTag(text) !== undefined;

const MODULE_ID = matching(/^[\w-]+$/, 'is no id of a module', 'use letters, digits, "_" and "-"', /^[\w-]*$/);
/** Ids that no row of a class names: one is kept as long as programs can write it. */
const PLAIN_ID = matching(/^[ -~]+$/, 'is no id', 'use letters, digits, "_" and "-"', /^[ -~]*$/);
/** Ids of objects: issuer id, a point, a name. */
const OBJECT_ID = matching(
  /^\d+\.[\w.-]+$/,
  'is no object id',
  'write the issuer id, a point and the name: 3388000000012345678.gold-offer',
  /^[\w.-]*$/,
);

const FORMS: Readonly<Record<string, TextForm>> = {
  'Money.currencyCode': {
    fits: (text) => /^[A-Z]{3}$/.test(text) && isCurrency(text),
    pattern: '^[A-Z]{3}$',
    refused: 'is no currency',
    cure: 'write its three capitals, such as EUR',
    signs: /^[A-Z]*$/,
  },
  'TranslatedString.language': {
    fits: isLanguage,
    refused: 'is no language tag',
    cure: 'write one such as en-US',
    signs: /^[\w-]*$/,
  },
  'LoyaltyClass.countryCode': matching(/^[A-Z]{2}$/, 'is no country', 'write its two capitals, such as DE'),
  'OfferClass.countryCode': matching(/^[A-Z]{2}$/, 'is no country', 'write its two capitals, such as DE'),
  'TextModuleData.id': MODULE_ID,
  'ImageModuleData.id': PLAIN_ID,
  'Uri.id': PLAIN_ID,
  'Message.id': PLAIN_ID,
  'LoyaltyObject.linkedOfferIds': OBJECT_ID,
  ...Object.fromEntries(['Generic', 'Loyalty', 'Offer'].map((type) => [`${type}Object.linkedObjectIds`, OBJECT_ID])),
  'RotatingBarcodeTotpDetailsTotpParameters.key': matching(
    /^(?:[0-9a-f]{2})+$/i,
    'is no key',
    'write its bytes in hexadecimal digits',
    /^[0-9a-f]*$/i,
  ),
  'SaveRestrictions.restrictToEmailSha256': matching(
    /^[0-9a-f]{64}$/,
    'is no SHA-256',
    'write its 64 hexadecimal digits in small letters',
    /^[0-9a-f]*$/,
  ),
};

/** The form that a text of this field has; undefined where any text fits. */
export const textForm = (owner: string, field: string): TextForm | undefined => FORMS[`${owner}.${field}`];
