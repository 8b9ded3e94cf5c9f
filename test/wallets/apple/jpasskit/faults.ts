import { APPLE_STYLES } from '../../../../src/passes/pass-type.js';

/** Designs and passes are loose JSON here: faults are put into them freely. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

/** The same fault in the design and in the pass that a careless writer would make of it. */
export interface SharedFault {
  name: string;
  /** Which generated design it is put into. */
  base: number;
  design: (design: Json) => void;
  pass: (pass: Json, style: Json) => void;
}

const STORE_CARD = APPLE_STYLES.indexOf('storeCard');
const BOARDING_PASS = APPLE_STYLES.indexOf('boardingPass');
const GROUPS = ['headerFields', 'primaryFields', 'secondaryFields', 'auxiliaryFields', 'backFields'] as const;

const fault = (name: string, design: SharedFault['design'], pass: SharedFault['pass'], base = STORE_CARD) => ({
  name,
  base,
  design,
  pass,
});

/** A field whose value is `written` in the design and `sent` in the pass. */
const field = (name: string, written: object, sent: object = {}, group: (typeof GROUPS)[number] = 'backFields') =>
  fault(
    `${group} ${name}`,
    ({ apple }) => apple[group].push({ key: 'faulty', value: 'x', ...written }),
    (_, style) => (style[group] ??= []).push({ key: 'faulty', value: 'x', ...written, ...sent }),
  );
const everyGroup = (name: string, written: object) => GROUPS.map((group) => field(name, written, {}, group));

/** A key that designs have under the same name as passes. */
const own = (name: string, key: string, value: unknown) =>
  fault(
    name,
    ({ apple }) => (apple[key] = value),
    (pass) => (pass[key] = value),
  );
const extra = (name: string, key: string, value: unknown) =>
  fault(
    name,
    ({ apple }) => (apple.extra[key] = value),
    (pass) => (pass[key] = value),
  );
const tag = (key: string, what: string, value: unknown) => extra(`${key} ${what}`, 'semantics', { [key]: value });

const TEXT_TAGS = [
  ...['departure', 'destination'].flatMap((end) =>
    ['AirportCode', 'AirportName', 'Gate', 'LocationDescription', 'Platform', 'StationName', 'Terminal'].map(
      (part) => end + part,
    ),
  ),
  ...['home', 'away'].flatMap((side) => ['Abbreviation', 'Location', 'Name'].map((part) => `${side}Team${part}`)),
  ...['airlineCode', 'boardingGroup', 'boardingSequenceNumber', 'carNumber', 'confirmationNumber', 'eventName'],
  ...['flightCode', 'genre', 'leagueAbbreviation', 'leagueName', 'membershipProgramName', 'membershipProgramNumber'],
  ...['priorityStatus', 'securityScreening', 'sportName', 'transitProvider', 'transitStatus', 'transitStatusReason'],
  ...['vehicleName', 'vehicleNumber', 'vehicleType', 'venueEntrance', 'venueName', 'venuePhoneNumber', 'venueRoom'],
];
const DATE_TAGS = [
  ...['original', 'current'].flatMap((when) =>
    ['Arrival', 'Boarding', 'Departure'].map((what) => `${when}${what}Date`),
  ),
  ...['eventStartDate', 'eventEndDate'],
];
const PLACE_TAGS = ['departureLocation', 'destinationLocation', 'venueLocation'];
const SEAT_KEYS = ['seatDescription', 'seatIdentifier', 'seatNumber', 'seatRow', 'seatSection', 'seatType'];
const NAME_KEYS = ['familyName', 'givenName', 'middleName', 'namePrefix', 'nameSuffix', 'nickname'];

const SHORT = 'PKDateStyleShort';
const DECIMAL = 'PKNumberStyleDecimal';
const QR = 'PKBarcodeFormatQR';

/** One fault for each thing that jpasskit's validators look at, and for each type that its model reads. */
export const SHARED_FAULTS: readonly SharedFault[] = [
  // Fields.
  ...everyGroup('without a key', { key: undefined }),
  ...everyGroup('with an empty key', { key: '' }),
  ...everyGroup('without a value', { value: undefined }),
  ...everyGroup('with a flag as value', { value: true }),
  ...everyGroup('with a list as value', { value: ['x'] }),
  ...everyGroup('with a null as value', { value: null }),
  ...everyGroup('with number style and currency', { value: 5, currencyCode: 'EUR', numberStyle: DECIMAL }),
  ...everyGroup('with a currency on a text', { value: 'much', currencyCode: 'EUR' }),
  ...everyGroup('with number and date style', { value: 5, numberStyle: DECIMAL, dateStyle: SHORT }),
  ...everyGroup('with number and time style', { value: 5, numberStyle: DECIMAL, timeStyle: SHORT }),
  ...everyGroup('with currency and date style', { value: 5, currencyCode: 'EUR', dateStyle: SHORT }),
  ...everyGroup('with currency and time style', { value: 5, currencyCode: 'EUR', timeStyle: SHORT }),
  field('alignment', { textAlignment: 'right' }),
  field('date style', { value: '{{until}}', dateStyle: 'short' }, { value: '2026-12-31T00:00:00Z' }),
  field('time style', { value: '{{at}}', timeStyle: 'PKTimeStyleShort' }, { value: '2026-12-31T00:00:00Z' }),
  field('number style', { value: 5, numberStyle: 'PKNumberStyleCurrency' }),
  field('data detector', { dataDetectorTypes: ['PKDataDetectorTypeMail'] }),
  field('data detectors as an object', { dataDetectorTypes: { link: true } }),
  field('isRelative in words', { value: '{{until}}', dateStyle: SHORT, isRelative: 'often' }),
  field('ignoresTimeZone in words', { value: '{{until}}', dateStyle: SHORT, ignoresTimeZone: 'often' }),
  field('label as a list', { label: ['x'] }),
  field('change message as a list', { changeMessage: ['%@'] }),
  field('change message without its sign', { changeMessage: 'Changed' }),
  field('row in words', { row: 'first' }),
  field('tags as a text', { semantics: 'x' }),
  field('tag of a wrong type', { semantics: { eventStartDate: 'soon' } }),
  // Barcodes.
  own('barcode format', 'barcodes', [{ format: 'PKBarcodeFormatEAN8', message: 'x', messageEncoding: 'utf-8' }]),
  own('barcode without a format', 'barcodes', [{ message: 'x', messageEncoding: 'utf-8' }]),
  own('barcode without a message', 'barcodes', [{ format: QR, message: '', messageEncoding: 'utf-8' }]),
  own('barcode without an encoding', 'barcodes', [{ format: QR, message: 'x', messageEncoding: '' }]),
  own('barcode message as a list', 'barcodes', [{ format: QR, message: ['x'], messageEncoding: 'utf-8' }]),
  own('barcode text as an object', 'barcodes', [{ format: QR, message: 'x', messageEncoding: 'utf-8', altText: {} }]),
  own('barcodes as an object', 'barcodes', { format: QR, message: 'x', messageEncoding: 'utf-8' }),
  // Places, beacons, days.
  own('location without a latitude', 'locations', [{ longitude: 1 }]),
  own('location without a longitude', 'locations', [{ latitude: 1 }]),
  ...['latitude', 'longitude', 'altitude'].map((key) =>
    own(`${key} in words`, 'locations', [{ latitude: 1, longitude: 1, [key]: 'ten' }]),
  ),
  own('relevant text as a list', 'locations', [{ latitude: 1, longitude: 1, relevantText: ['x'] }]),
  own('locations as an object', 'locations', { latitude: 1, longitude: 1 }),
  own('beacon without a UUID', 'beacons', [{ major: 1 }]),
  ...['major', 'minor'].flatMap((key) =>
    ['one', 3_000_000_000].map((value) =>
      own(`${key} ${value}`, 'beacons', [{ proximityUUID: 'E2C56DB5-DFFB-48D2-B060-D0F5A71096E0', [key]: value }]),
    ),
  ),
  own('distance in words', 'maxDistance', 'far'),
  own('expiry that is no date', 'expirationDate', '31.12.2026'),
  own('relevant date in words', 'relevantDate', 'tomorrow 9am'),
  // The pass as a whole.
  ...['description', 'organizationName'].map((key) =>
    fault(
      `empty ${key}`,
      (design) => (design[key] = ''),
      (pass) => (pass[key] = ''),
    ),
  ),
  own('empty pass type', 'passTypeIdentifier', ''),
  ...['serialNumber', 'teamIdentifier'].map((key) => extra(`empty ${key}`, key, '')),
  extra('format version 0', 'formatVersion', 0),
  extra('short token', 'authenticationToken', 'short'),
  extra('address of the web service', 'webServiceURL', 'no address'),
  extra('voided in words', 'voided', 'maybe'),
  own('sharing in words', 'sharingProhibited', 'maybe'),
  own('logo text as a list', 'logoText', ['x']),
  own('grouping as a list', 'groupingIdentifier', ['x']),
  ...['backgroundColor', 'foregroundColor', 'labelColor'].map((key) => own(`${key} as a list`, key, [1, 2, 3])),
  own('app without a store id', 'appLaunchURL', 'kestrel://card'),
  own('store id in words', 'associatedStoreIdentifiers', ['app']),
  extra('user info as a list', 'userInfo', [1]),
  own('NFC without a message', 'nfc', { encryptionPublicKey: 'x' }),
  own('NFC without a key', 'nfc', { message: 'm' }),
  own('NFC message as a list', 'nfc', { message: ['m'], encryptionPublicKey: 'x' }),
  own('NFC flag in words', 'nfc', { message: 'm', encryptionPublicKey: 'x', requiresAuthentication: 'maybe' }),
  fault(
    'no style',
    ({ apple }) => delete apple.style,
    (pass) => delete pass.storeCard,
  ),
  fault(
    'journey without its means',
    ({ apple }) => delete apple.transitType,
    (_, style) => delete style.transitType,
    BOARDING_PASS,
  ),
  fault(
    'journey by an unknown means',
    ({ apple }) => (apple.transitType = 'PKTransitTypeTram'),
    (_, style) => (style.transitType = 'PKTransitTypeTram'),
    BOARDING_PASS,
  ),
  // Semantic tags.
  extra('tags as a list', 'semantics', [1]),
  ...TEXT_TAGS.map((name) => tag(name, 'as an object', { text: 'x' })),
  ...DATE_TAGS.map((name) => tag(name, 'in words', 'soon')),
  ...PLACE_TAGS.flatMap((name) => [
    tag(name, 'as a text', 'Berlin'),
    tag(name, 'in words', { latitude: 'north', longitude: 1 }),
  ]),
  ...['artistIDs', 'performerNames'].map((name) => tag(name, 'as a text', 'Ann')),
  ...['duration', 'flightNumber'].map((name) => tag(name, 'in words', 'long')),
  ...['totalPrice', 'balance'].flatMap((name) => [
    tag(name, 'as a list', [5]),
    tag(name, 'with an amount as an object', { amount: {}, currencyCode: 'EUR' }),
    tag(name, 'with a currency as a list', { amount: '5.00', currencyCode: ['EUR'] }),
  ]),
  tag('eventType', 'of no list', 'PKEventTypeConcert'),
  tag('silenceRequested', 'in words', 'maybe'),
  tag('seats', 'as an object', { seatNumber: '5' }),
  ...SEAT_KEYS.map((key) => tag('seats', `with ${key} as an object`, [{ [key]: {} }])),
  tag('passengerName', 'as a list', ['Zoë']),
  ...NAME_KEYS.map((key) => tag('passengerName', `with ${key} as an object`, { [key]: {} })),
];

/** What jpasskit reads without a word although phones or Apple's documents refuse it; the rest of the list it refuses. */
export const TAKEN_BY_JPASSKIT: readonly string[] = [
  'NFC without a key',
  'NFC without a message',
  'backFields change message without its sign',
  'no style',
];
