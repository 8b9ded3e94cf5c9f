import { all, anything, colour, date, flag, harmless, list, object, oneOf, text, textOrEmpty } from './rule.js';
import { url, type Rule } from './rule.js';
import { EVENT_GUIDE, FLIGHT_URLS } from './key-faces.js';
import { SEMANTIC_TAGS } from './semantic-tags.js';

const dateStyle = oneOf(...['None', 'Short', 'Medium', 'Long', 'Full'].map((name) => `PKDateStyle${name}`));

/** Keys of one field; `key`, `value` and their like are the design's own. */
export const FIELD_KEYS: Readonly<Record<string, Rule>> = {
  key: text,
  label: textOrEmpty,
  value: anything,
  attributedValue: anything,
  changeMessage: text,
  textAlignment: oneOf(...['Left', 'Center', 'Right', 'Natural'].map((name) => `PKTextAlignment${name}`)),
  dateStyle,
  timeStyle: dateStyle,
  ignoresTimeZone: flag,
  isRelative: flag,
  numberStyle: oneOf(...['Decimal', 'Percent', 'Scientific', 'SpellOut'].map((name) => `PKNumberStyle${name}`)),
  currencyCode: { is: 'currency' },
  dataDetectorTypes: list(
    oneOf(...['PhoneNumber', 'Link', 'Address', 'CalendarEvent'].map((name) => `PKDataDetectorType${name}`)),
  ),
  row: { is: 'integer', least: 0, most: 1 },
  semantics: SEMANTIC_TAGS,
};

export const ACTION_TYPES = [
  ...['viewSchedule', 'watchTrailer', 'listenToMusic', 'call', 'place', 'addToBalance', 'order', 'shop'],
  ...['membershipBenefits', 'bookAppointment', 'bookCar', 'bookFlight', 'bookStay', 'viewOffersRewards'],
] as const;

export const LOCATION: Rule = object(
  {
    latitude: { is: 'number', least: -90, most: 90 },
    longitude: { is: 'number', least: -180, most: 180 },
    altitude: { is: 'number' },
    relevantText: text,
  },
  ['latitude', 'longitude'],
);
export const BEACON: Rule = object(
  {
    proximityUUID: { is: 'uuid' },
    major: { is: 'integer', least: 0, most: 65_535 },
    minor: { is: 'integer', least: 0, most: 65_535 },
    relevantText: text,
  },
  ['proximityUUID'],
);
export const RELEVANT_DATE: Rule = object({ date, startDate: date, endDate: date });

const FEATURED_ACTION: Rule = harmless(
  object({ identifier: text, type: oneOf(...ACTION_TYPES), url }, ['identifier', 'type']),
);

export const LABELLED_FIELD: Rule = object({ ...FIELD_KEYS, label: text }, ['key', 'label', 'value']);
export const REMOTE_IMAGE: Rule = object({
  URLs: list(
    object(
      {
        URL: url,
        SHA256: { is: 'digest' },
        size: { is: 'integer', least: 1, most: 2_097_152 },
        scale: { is: 'integer', least: 1, most: 3 },
      },
      ['URL', 'SHA256'],
    ),
  ),
  reuseExisting: flag,
});
const guideUrls = {
  ...all(url, `${EVENT_GUIDE} orderFoodURL`),
  ...all(text, 'contactVenueEmail contactVenuePhoneNumber'),
};

const UPCOMING_PASS: Rule = harmless(
  object(
    {
      ...all(text, 'identifier name'),
      type: oneOf('event'),
      isActive: flag,
      dateInformation: object({
        date,
        timeZone: { is: 'zone' },
        ...all(flag, 'ignoreTimeComponents isAllDay isUnannounced isUndetermined'),
      }),
      ...all(list(LABELLED_FIELD), 'additionalInfoFields backFields'),
      auxiliaryStoreIdentifiers: list({ is: 'integer' }),
      URLs: object(guideUrls),
      images: object({ headerImage: REMOTE_IMAGE, venueMap: REMOTE_IMAGE }),
      semantics: SEMANTIC_TAGS,
    },
    ['identifier', 'name', 'type'],
  ),
);

/** Keys of pass.json that a design writes under `apple` itself. */
export const DESIGN_KEYS: Readonly<Record<string, Rule>> = {
  ...all(colour, 'backgroundColor foregroundColor labelColor'),
  ...all(text, 'logoText groupingIdentifier'),
  locations: list(LOCATION, 10),
  maxDistance: { is: 'number', above: 0 },
  beacons: list(BEACON, 10),
  relevantDate: date,
  relevantDates: list(RELEVANT_DATE),
  expirationDate: date,
  associatedStoreIdentifiers: list({ is: 'integer', least: 1 }),
  appLaunchURL: url,
  sharingProhibited: flag,
  suppressStripShine: flag,
};

/** Keys of pass.json that a design writes under `apple.extra`. */
export const EXTRA_KEYS: Readonly<Record<string, Rule>> = {
  ...all(colour, 'stripColor footerBackgroundColor'),
  ...all(
    text,
    'eventLogoText logoSymbolName contactVenueEmail contactVenuePhoneNumber transitProviderEmail transitProviderPhoneNumber businessChatIdentifier',
  ),
  ...all(flag, 'suppressHeaderDarkening useAutomaticColors'),
  ...all(url, `${EVENT_GUIDE} ${FLIGHT_URLS} orderFoodURL`),
  auxiliaryStoreIdentifiers: list({ is: 'integer', least: 1 }),
  userInfo: { is: 'object', keys: {} },
  semantics: SEMANTIC_TAGS,
  preferredStyleSchemes: list(oneOf('posterEventTicket', 'eventTicket', 'semanticBoardingPass', 'boardingPass')),
  featuredActions: list(FEATURED_ACTION, 2),
  upcomingPassInformation: list(UPCOMING_PASS),
  ...DESIGN_KEYS,
};

/** Objects whose keys are the author's own. */
export const OPEN_OBJECTS: ReadonlySet<string> = new Set(['userInfo', 'airPlay']);
