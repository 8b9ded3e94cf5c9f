import { back, beacon, code, day, extra, own, place, tag, type Fault } from './design-faults.js';

/** Faults that one store card can have at once. */
export const STORE_CARD: Fault[] = [
  back('alignment', '/textAlignment', { textAlignment: 'PKTextAlignmentMiddle' }),
  back('alignment on the back', '/textAlignment', { textAlignment: 'PKTextAlignmentRight' }, true),
  back('date style', '/dateStyle', { value: '{{a-date}}', dateStyle: 'PKDateStyleshort' }),
  back('time style', '/timeStyle', { value: '{{a-date}}', timeStyle: 'Short' }),
  back('date style on a literal text', '/value', { value: 'soon', dateStyle: 'PKDateStyleShort' }),
  back('date style on a link', '/value', { value: '{{a-url}}', dateStyle: 'PKDateStyleShort' }),
  back('date style on text and value', '/value', { value: 'Until {{a-date}}', dateStyle: 'PKDateStyleShort' }),
  back('isRelative without a date', '', { isRelative: true }),
  back('ignoresTimeZone without a date', '', { ignoresTimeZone: true }),
  back('isRelative as a text', '/isRelative', {
    value: '{{a-date}}',
    dateStyle: 'PKDateStyleShort',
    isRelative: 'yes',
  }),
  back('number style', '/numberStyle', { value: 5, numberStyle: 'PKNumberStyleCurrency' }),
  back('number style on a date', '/value', { value: '{{a-date}}', numberStyle: 'PKNumberStyleDecimal' }),
  back('currency on a text', '/value', { value: 'much', currencyCode: 'EUR' }),
  back('unknown currency', '/currencyCode', { value: 5, currencyCode: 'QQQ' }),
  back('currency in small letters', '/currencyCode', { value: 5, currencyCode: 'eur' }),
  back('currency by a number', '/currencyCode', { value: 5, currencyCode: '{{a-number}}' }),
  back('number style and currency', '', { value: 5, currencyCode: 'EUR', numberStyle: 'PKNumberStyleDecimal' }),
  back('date and number style', '', { value: 5, dateStyle: 'PKDateStyleShort', numberStyle: 'PKNumberStyleDecimal' }),
  back('change message without %@', '/changeMessage', { changeMessage: 'New' }),
  back('change message with two', '/changeMessage', { changeMessage: '%@ and %@' }),
  back('change message with a bare percent', '/changeMessage', { changeMessage: '%@ 5%' }),
  back('data detector', '/dataDetectorTypes/0', { dataDetectorTypes: ['PKDataDetectorTypeMail'] }),
  back('row outside event tickets', '/row', { row: 1 }),
  back('markup', '/attributedValue', { attributedValue: '<b>x</b>' }, true),
  back('attributed value as a list', '/attributedValue', { attributedValue: ['x'] }),
  back('misspelt key of a field', '/textAlignement', { textAlignement: 'PKTextAlignmentLeft' }),
  back('field tag', '/semantics/eventname', { semantics: { eventname: 'x' } }),
  back('bare date', '/value', { value: '2026-12-31' }, true),
  back('empty value', '/value', { value: ' ' }),
  back('a currency on a visual of words', '/value', { value: '{{visual.code}}', currencyCode: 'EUR' }),
  back('a date style on a visual of words', '/value', { value: '{{visual.code}}', dateStyle: 'PKDateStyleShort' }),
  back('change message of another language', '/changeMessage', { changeMessage: 'now %1$@' }),
  back('change message of a text with a bare percent', '/changeMessage', { changeMessage: '{{a-text}} 5% %@' }),
  back('merge tag between percents', '/label', { label: '%FIRST_NAME%' }),
  back('merge tag between two percents', '/label', { label: '%%first_name%%' }),
  back('merge tag in angle brackets', '/label', { label: '<<name>>' }),
  {
    rule: 'a translated change message with a bare percent',
    borne: true,
    put: (apple) => {
      apple.backFields.push({ key: 'percent', label: 'L', value: 'x', changeMessage: 'Now %@' });
      apple.localizations.de.strings['Now %@'] = 'Jetzt %@, 5%';
      return '/apple/localizations/de/strings/Now %@';
    },
  },
  {
    rule: 'a description that may be empty',
    borne: true,
    put: (_, design) => {
      design.description = '{{a-text}}';
      return '/description';
    },
  },
  {
    rule: 'a blank organisation',
    put: (_, design) => {
      design.organizationName = ' ';
      return '/organizationName';
    },
  },
  back('key twice', '/key', { key: 'p' }),
  back('filter', '/value', { value: '{{a-text|upper}}' }),
  back('three braces', '/value', { value: '{{{a-text}}}' }),
  back('one brace', '/label', { label: '{a-text}' }),
  back('template literal', '/label', { label: '${name}' }),
  back('merge tag', '/label', { label: '*|FNAME|*' }),
  back('placeholder of nothing', '/label', { label: '{{a-txt}}' }),
  back('rest of a missing value', '/label', { label: 'undefined' }, true),
  {
    rule: 'data detectors on the front',
    borne: true,
    put: (apple) => {
      apple.primaryFields[0].dataDetectorTypes = ['PKDataDetectorTypeLink'];
      return '/apple/primaryFields/0/dataDetectorTypes';
    },
  },
  {
    rule: 'links on the front',
    borne: true,
    put: (apple) => {
      apple.primaryFields[0].attributedValue = '<a href="https://a.example">x</a>';
      return '/apple/primaryFields/0/attributedValue';
    },
  },
  {
    rule: 'too many header fields',
    put: (apple) => {
      apple.headerFields = [1, 2, 3, 4].map((n) => ({ key: `h${n}`, value: 'x' }));
      return '/apple/headerFields';
    },
  },
  {
    rule: 'a row shared by two groups, with fields that may be empty',
    borne: true,
    put: (apple) => {
      apple.secondaryFields = [1, 2, 3].map((n) => ({ key: `s${n}`, value: 'x' }));
      apple.auxiliaryFields = [1, 2].map((n) => ({ key: `x${n}`, value: '{{a-text}}' }));
      return '/apple/auxiliaryFields';
    },
  },
  own('colour by its name', 'backgroundColor', 'navy'),
  own('colour out of range', 'foregroundColor', 'rgb(1, 2, 256)'),
  own('colour with alpha', 'labelColor', 'rgba(1, 2, 3, 0.5)'),
  own('offset that no zone has', 'relevantDate', '2026-12-31T18:30+25:00'),
  own('day that is not in the calendar', 'expirationDate', '2027-02-30'),
  own('relevant date in words', 'relevantDate', 'tomorrow'),
  own('store id as a text', 'associatedStoreIdentifiers', [-1], '/0'),
  own('app link without a scheme', 'appLaunchURL', 'kestrel.example'),
  own('grouping in a store card', 'groupingIdentifier', 'g', '', true),
  own('transit type of another style', 'transitType', 'PKTransitTypeAir'),
  own('additional info of another style', 'additionalInfoFields', [{ key: 'ai', label: 'A', value: 'x' }]),
  place('latitude', { latitude: -90.5 }, '/latitude'),
  place('longitude as a text', { longitude: '2' }, '/longitude'),
  place('altitude', { altitude: 'high' }, '/altitude'),
  place('names of coordinates', { lat: 1 }, '/lat'),
  place('relevant text', { relevantText: 5 }, '/relevantText'),
  beacon('beacon UUID', { proximityUUID: 'E2C56DB5' }, '/proximityUUID'),
  beacon('beacon major', { major: 65_536 }, '/major'),
  beacon('beacon minor', { minor: 1.5 }, '/minor'),
  day('no day at all', {}, ''),
  day('start without an end', { startDate: '2026-12-31' }, ''),
  day('end before its start', { startDate: '2026-12-31T10:00', endDate: '2026-12-31T09:00' }, ''),
  day('longer than a day', { startDate: '2026-12-30', endDate: '2026-12-31' }, '', true),
  day('a day that is none', { date: '2026-12-31T25:00' }, '/date'),
  day('old spelling', { relevantDate: '2026-12-31' }, '/relevantDate'),
  code('encoding', 'QR', 'x', '/messageEncoding', { messageEncoding: 'latin' }),
  code('message beyond its encoding', 'QR', 'Größe', '/message', { messageEncoding: 'us-ascii' }),
  code('message beyond Latin 9', 'QR', '日本', '/message', { messageEncoding: 'iso-8859-15' }),
  code('message beyond Windows', 'Aztec', '😀', '/message', { messageEncoding: 'windows-1252' }),
  code('message beyond Shift JIS', 'QR', '😀', '/message', { messageEncoding: 'shift_jis' }),
  code('too long', 'PDF417', 'x'.repeat(1200)),
  code('empty message', 'Aztec', ''),
  code('letters of Code 128', 'Code128', 'Größe'),
  code('a text around a value in Code 128', 'Code128', 'Größe {{a-text}}'),
  code('a visual in Code 128', 'Code128', '{{visual.code}}'),
  code('small letters in Code 39', 'Code39', 'abc'),
  code('a serial number in Code 39', 'Code39', '{{pass.serialNumber}}'),
  code('Codabar without its ends', 'Codabar', '123'),
  code('eleven digits', 'EAN13', '12345678901'),
  code('check digit', 'EAN13', '4006381333932'),
  code('a day as EAN', 'EAN13', '{{a-date}}'),
  code('odd number of digits', 'I2of5', '123'),
  code('new format behind an old one', 'Code39', 'X', '/format', {}, true),
  own('NFC key', 'nfc', { message: '', encryptionPublicKey: 'properkey=' }, '/encryptionPublicKey'),
  own('NFC message', 'nfc', { message: '', encryptionPublicKey: 'properkey=' }, '/message'),
  extra('unknown key', 'holographic', true, '', true),
  extra('misspelt key', 'suppresHeaderDarkening', true),
  extra('key of the product', 'voided', true),
  extra('key that stands in apple too', 'expirationDate', '2026-12-31'),
  extra('null', 'logoSymbolName', null),
  extra('flag as a text', 'useAutomaticColors', 'true'),
  extra('user info', 'userInfo', 'x'),
  extra('link with a text before its value', 'sellURL', 'shop.example/{{a-text}}'),
  extra('key of another face', 'sellURL', 'shop.example/{{a-text}}', '', true),
  extra('store ids', 'auxiliaryStoreIdentifiers', ['1'], '/0'),
  extra('poster of another style', 'preferredStyleSchemes', ['posterEventTicket', 'eventTicket']),
  extra('style that the design has not', 'preferredStyleSchemes', ['posterEventTicket', 'eventTicket'], '', true),
  {
    rule: 'actions',
    put: (apple) => {
      apple.extra.featuredActions = [
        { identifier: 'a', type: 'buy', url: 'https://a.example' },
        { identifier: 'a', type: 'call', url: 'https://a.example' },
        { type: 'shop' },
      ];
      return '/apple/extra/featuredActions';
    },
  },
  { rule: 'action type', put: () => '/apple/extra/featuredActions/0/type' },
  { rule: 'action twice', put: () => '/apple/extra/featuredActions/1' },
  { rule: 'call without tel:', put: () => '/apple/extra/featuredActions/1', borne: true },
  { rule: 'action without an identifier', put: () => '/apple/extra/featuredActions/2' },
  { rule: 'action without a url', put: () => '/apple/extra/featuredActions/2', borne: true },
  extra('upcoming passes outside posters', 'upcomingPassInformation', [{}], '', true),
  extra('upcoming pass without a name', 'upcomingPassInformation', [{}], '/0'),
  tag('amount as a number', 'totalPrice', { amount: 5, currencyCode: 'EUR' }, '/amount'),
  tag('money without a currency', 'balance', { amount: '5.00' }),
  tag('misspelt tag', 'seets', []),
  tag('duration', 'duration', 1.5),
  tag('flag', 'silenceRequested', 'no'),
  tag('wifi without a password', 'wifiAccess', [{ ssid: 'x' }], '/0'),
  tag('seat key', 'seats', [{ number: '5' }], '/0/number'),
  tag('tag of another style', 'eventName', 'Show', '', true),
  tag('event type', 'eventType', 'PKEventTypeConcert'),
  tag('date by a number', 'eventStartDate', '{{a-number}}'),
  tag('date with words', 'eventEndDate', 'on {{a-date}}'),
  tag('zone', 'departureLocationTimeZone', 'CET+1'),
  tag('zone with words', 'destinationLocationTimeZone', '({{a-text}})'),
  tag('place', 'venueLocation', { latitude: 91, longitude: 0 }, '/latitude'),
  tag('list as a text', 'performerNames', 'Ann'),
  tag('whole number', 'flightNumber', '12'),
  tag('another SSR', 'passengerServiceSSRs', ['ABCD'], '/0', true),
  tag('spelling that phones do not read', 'airlineLoungePlaceID', 'x', '', true),
  {
    rule: 'missing image',
    put: (apple) => {
      apple.images.strip = 'lost';
      return '/apple/images/strip';
    },
  },
  {
    rule: 'capitals of a file',
    put: (apple) => {
      apple.images.logo = 'logo';
      return '/apple/images/logo';
    },
  },
  {
    rule: 'unknown role',
    put: (apple) => {
      apple.images.hero = 'icon';
      return '/apple/images/hero';
    },
  },
  {
    rule: 'role of another style',
    borne: true,
    put: (apple) => {
      apple.images.footer = 'icon';
      return '/apple/images/footer';
    },
  },
  {
    rule: 'image hidden by the common one',
    borne: true,
    put: (apple) => {
      apple.localizations.de.images.icon = 'icon';
      return '/apple/localizations/de/images/icon';
    },
  },
  {
    rule: 'image in some languages only',
    borne: true,
    put: (apple) => {
      apple.localizations.fr = { strings: {}, images: { thumbnail: 'icon' } };
      return '/apple/localizations/de/images';
    },
  },
  {
    rule: 'language tag',
    put: (apple) => {
      apple.localizations['german!'] = {};
      return '/apple/localizations/german!';
    },
  },
  ...(['DE', 'zz', 'pt-br'] as const).map((language): Fault => ({
    rule: `language ${language}`,
    borne: true,
    put: (apple) => {
      apple.localizations[language] = {};
      return `/apple/localizations/${language}`;
    },
  })),
  ...(
    [
      ['translation of no text', 'Hullo', 'Hallo', undefined],
      ['placeholder in a translation', 'L', '{{a-text}}', undefined],
      ['translation that loses %@', 'P', '%@', true],
      ['empty translation', 'x', '', true],
    ] as const
  ).map(([rule, source, translation, borne]): Fault => ({
    rule,
    put: (apple) => {
      apple.localizations.de.strings[source] = translation;
      return `/apple/localizations/de/strings/${source}`;
    },
    ...(borne && { borne }),
  })),
  {
    rule: 'fewer translations than another language',
    borne: true,
    put: (apple) => {
      apple.localizations.fr.strings = { P: 'P' };
      return '/apple/localizations/fr/strings';
    },
  },
];
