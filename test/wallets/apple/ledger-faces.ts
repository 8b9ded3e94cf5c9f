import { beacon, code, day, extra, own, place, type Fault, type Json } from './design-faults.js';
import { any, of, remote, upcoming, type Row } from './ledger-rows.js';

const image = (rule: string, role: string, name: string, borne?: true): Fault =>
  any(
    rule,
    (apple) => {
      apple.images[role] = name;
      return `/apple/images/${role}`;
    },
    borne,
  );
const text = (rule: string, source: string, translation: unknown, borne?: true): Fault =>
  any(
    rule,
    (apple) => {
      apple.localizations.de.strings[source] = translation;
      return `/apple/localizations/de/strings/${source}`;
    },
    borne,
  );

/** The public key of the curve's own point, compressed, as terminals are given it. */
const KEY = Buffer.from(
  '3039301306072a8648ce3d020106082a8648ce3d030107032200' +
    '036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296',
  'hex',
).toString('base64');

const POSTER = { extra: { preferredStyleSchemes: ['posterEventTicket', 'eventTicket'], semantics: {} } };
export const FACES: Row[] = [
  ...of(
    'eventTicket',
    [
      own('row beyond 1', 'auxiliaryFields', [{ key: 'k', value: 'x', row: 2 }], '/0/row'),
      own('additional info without a poster', 'additionalInfoFields', [{ key: 'k', value: 'x' }], '', true),
      extra('a scheme twice', 'preferredStyleSchemes', ['eventTicket', 'eventTicket'], '', true),
      extra('a scheme of another style', 'preferredStyleSchemes', ['semanticBoardingPass', 'boardingPass']),
      upcoming('upcoming without a poster', '', {}, true),
    ].map((row) =>
      row.rule === 'upcoming without a poster'
        ? { ...row, put: (apple: Json, design: Json) => row.put(apple, design).replace('/0', '') }
        : row,
    ),
  ),
  ...of(
    'eventTicket',
    [
      any('no nfc', () => '/apple/nfc'),
      any('no artwork', () => '/apple/images'),
      any('needed tags', () => '/apple/extra/semantics'),
      own('logoText on a poster', 'logoText', 'Kestrel', '', true),
      own('a code on a poster', 'barcodes', [{ format: 'PKBarcodeFormatQR', message: 'x' }], '', true),
      upcoming('no name', '', { name: undefined }),
      upcoming('empty name', '/name', { name: ' ' }),
      upcoming('type', '/type', { type: 'show' }),
      upcoming('flag', '/isActive', { isActive: 'yes' }),
      upcoming('day', '/dateInformation/date', { dateInformation: { date: 'soon' } }),
      upcoming('zone', '/dateInformation/timeZone', { dateInformation: { timeZone: 'CET+1' } }),
      upcoming('field without a label', '/backFields/0', { backFields: [{ key: 'k', value: 'x' }] }),
      upcoming('store id', '/auxiliaryStoreIdentifiers/0', { auxiliaryStoreIdentifiers: ['1'] }),
      upcoming('unknown link', '/URLs/shopURL', { URLs: { shopURL: 'https://a.example' } }),
      upcoming('spelling that devices do not read', '/urls', { urls: {} }),
      upcoming('mail', '/URLs/contactVenueEmail', { URLs: { contactVenueEmail: 'the box office' } }, true),
      upcoming('image of http', '/images/headerImage/URLs/0/URL', {
        images: remote({ URL: 'http://a.example/i.png' }),
      }),
      upcoming('digest', '/images/headerImage/URLs/0/SHA256', { images: remote({ SHA256: 'abc' }) }),
      upcoming('size', '/images/headerImage/URLs/0/size', { images: remote({ size: 2_097_153 }) }),
      upcoming('scale', '/images/headerImage/URLs/0/scale', { images: remote({ scale: 4 }) }),
      upcoming('image of the pass', '/images/headerImage/reuseExisting', {
        images: { headerImage: { reuseExisting: true } },
      }),
      upcoming('unknown tag', '/semantics/eventname', { semantics: { eventname: 'x' } }),
    ],
    POSTER,
  ),
  ...of('generic', [
    any(
      'poster without an artwork',
      (apple) => {
        apple.posterGeneric = {};
        return '/apple/images';
      },
      true,
    ),
    any('a group that posters have not', (apple) => {
      apple.images.artwork = 'map';
      apple.posterGeneric = { secondaryFields: [] };
      return '/apple/posterGeneric/secondaryFields';
    }),
    any('two header fields of a poster', (apple) => {
      apple.images.artwork = 'map';
      apple.posterGeneric = { headerFields: [1, 2].map((n) => ({ key: `h${n}`, value: 'x' })) };
      return '/apple/posterGeneric/headerFields';
    }),
  ]),
  ...of(
    'boardingPass',
    [
      any('no transit type', (apple) => {
        delete apple.transitType;
        return '/apple/transitType';
      }),
      own('transit type in short', 'transitType', 'Air'),
      any(
        'poster behind it',
        (apple) => {
          apple.posterGeneric = {};
          apple.images.artwork = 'map';
          return '/apple/posterGeneric';
        },
        true,
      ),
    ],
    { transitType: 'PKTransitTypeTrain' },
  ),
];

/** Barcodes, relevance, NFC. */
export const PLACES: Row[] = of('storeCard', [
  own('an object of codes', 'barcodes', {}),
  own('format in short', 'barcodes', [{ format: 'QR', message: 'x' }], '/0/format'),
  own('no message', 'barcodes', [{ format: 'PKBarcodeFormatQR' }], '/0/message'),
  own('message as a number', 'barcodes', [{ format: 'PKBarcodeFormatQR', message: 5 }], '/0/message'),
  own(
    'alternative text as a number',
    'barcodes',
    [{ format: 'PKBarcodeFormatQR', message: 'x', altText: 5 }],
    '/0/altText',
  ),
  own('unknown key of a code', 'barcodes', [{ format: 'PKBarcodeFormatQR', message: 'x', alttext: 'x' }], '/0/alttext'),
  code('blank message', 'QR', ' '),
  code('encoding', 'QR', 'x', '/messageEncoding', { messageEncoding: 'latin' }),
  code('beyond its encoding', 'QR', 'Größe', '/message', { messageEncoding: 'us-ascii' }),
  ...(
    [
      ['EAN13', '4006381333932'],
      ['EAN13', '123'],
      ['I2of5', '123'],
      ['Code39', 'abc'],
      ['Codabar', '123'],
      ['Code128', 'ß'],
    ] as const
  ).map(([format, message]) =>
    any(`${format} of ${message}`, (apple) => {
      apple.barcodes = [
        { format: `PKBarcodeFormat${format}`, message },
        { format: 'PKBarcodeFormatQR', message: 'x' },
      ];
      return '/apple/barcodes/0/message';
    }),
  ),
  own('formats of new systems alone', 'barcodes', [{ format: 'PKBarcodeFormatCode39', message: 'X' }], '', true),
  ...(['Code39', 'PDF417'] as const).map((format) =>
    own(
      `${format} behind QR`,
      'barcodes',
      [
        { format: 'PKBarcodeFormatQR', message: 'x' },
        { format: `PKBarcodeFormat${format}`, message: 'X' },
      ],
      '/1/format',
      true,
    ),
  ),
  day('neither day nor span', {}, ''),
  day('start alone', { startDate: '2026-12-31' }, ''),
  day('end before the start', { startDate: '2026-12-31', endDate: '2026-12-30' }, ''),
  day('both forms', { date: '2026-12-31', startDate: '2026-12-31', endDate: '2026-12-31' }, '', true),
  day('longer than a day', { startDate: '2026-12-30', endDate: '2026-12-31' }, '', true),
  day('spelling of iOS 18', { date: '2026-12-31', relevantDate: '2026-12-31' }, '/relevantDate'),
  day('day that is none', { date: 'soon' }, '/date'),
  ...(
    [
      ['latitude', 90.1],
      ['latitude', '1'],
      ['longitude', -180.1],
      ['altitude', 'ten'],
      ['relevantText', 5],
      ['lng', 1],
    ] as const
  ).map(([key, value]) => place(`${key} ${value}`, { [key]: value }, `/${key}`)),
  own('place without a longitude', 'locations', [{ latitude: 1 }], '/0'),
  own('eleven places', 'locations', Array(11).fill({ latitude: 1, longitude: 2 })),
  own('no distance', 'maxDistance', 0),
  own('distance without places', 'maxDistance', 5, '', true),
  ...(
    [
      ['major', 65_536],
      ['major', '1'],
      ['minor', -1],
      ['minor', 1.5],
      ['relevantText', 5],
      ['uuid', 'x'],
    ] as const
  ).map(([key, value]) => beacon(`beacon ${key} ${value}`, { [key]: value }, `/${key}`)),
  own('beacon without a UUID', 'beacons', [{ major: 1 }], '/0'),
  own('eleven beacons', 'beacons', Array(11).fill({ proximityUUID: 'E2C56DB5-DFFB-48D2-B060-D0F5A71096E0' })),
  own('NFC without a key', 'nfc', { message: 'x' }, '/encryptionPublicKey'),
  own(
    'NFC with a key that is none',
    'nfc',
    { message: 'x', encryptionPublicKey: 'properkey=' },
    '/encryptionPublicKey',
  ),
  own(
    'NFC flag',
    'nfc',
    { message: 'x', encryptionPublicKey: KEY, requiresAuthentication: 'no' },
    '/requiresAuthentication',
  ),
  own('unknown key of NFC', 'nfc', { message: 'x', encryptionPublicKey: KEY, key: 'x' }, '/key'),
]);

/** Images and translations. */
export const FILES_AND_TEXTS: Row[] = of('storeCard', [
  any('no icon', (apple) => {
    apple.images = {};
    return '/apple/images';
  }),
  image('a role in other capitals', 'primarylogo', 'map'),
  image('an unknown role', 'hero', 'map'),
  image('a role of another style', 'footer', 'map', true),
  image('a role that nobody draws', 'personalizationLogo', 'map', true),
  image('no such file', 'strip', 'lost'),
  image('a file in other capitals', 'logo', 'logo'),
  image('an icon without @2x', 'icon', 'one'),
  image('an icon by data', 'icon', '{{a-text}}'),
  any(
    'the same image for all languages',
    (apple) => {
      apple.localizations.de.images.icon = 'icon';
      return '/apple/localizations/de/images/icon';
    },
    true,
  ),
  any(
    'an image of some languages',
    (apple) => {
      apple.localizations.fr = { images: { strip: 'map' } };
      return '/apple/localizations/de/images';
    },
    true,
  ),
  any(
    'other scales in another language',
    (apple) => {
      apple.localizations = { de: { images: { strip: 'map' } }, fr: { images: { strip: 'one' } } };
      return '/apple/localizations/de/images/strip';
    },
    true,
  ),
  ...(['german!', 'de_DE'] as const).map((language) =>
    any(`language ${language}`, (apple) => {
      apple.localizations[language] = {};
      return `/apple/localizations/${language}`;
    }),
  ),
  ...(['DE', 'zz'] as const).map((language) =>
    any(
      `language ${language}`,
      (apple) => {
        apple.localizations[language] = {};
        return `/apple/localizations/${language}`;
      },
      true,
    ),
  ),
  text('a translation of no text', 'p', 'Q'),
  text('a translation of a text with a blank', 'P ', 'Q'),
  text('a placeholder in a translation', 'P', '{{a-text}}'),
  text('a translation that is a number', 'P', 5),
  text('an empty translation', 'P', '', true),
  text('a translation with %@ of its own', 'P', '%@', true),
  any(
    'fewer translations',
    (apple) => {
      apple.localizations = { de: { strings: { P: 'Q' } }, fr: { strings: { x: 'y', P: 'R' } } };
      return '/apple/localizations/de/strings';
    },
    true,
  ),
]);
