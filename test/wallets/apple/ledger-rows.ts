import { back, beacon, extra, own, tag, type Fault, type Json } from './design-faults.js';

/** A fault by itself: the style that it is put into, and what else its design needs. */
export interface Row extends Fault {
  style: string;
  apple?: Json;
}

export const of = (style: string, rows: Fault[], apple: Json = {}): Row[] =>
  rows.map((row) => ({ ...row, style, apple }));
export const any = (rule: string, put: Fault['put'], borne?: true): Fault => ({ rule, put, ...(borne && { borne }) });
/** A field of a group, with a fault at one of its keys. */
const field = (rule: string, at: string, more: Json, group = 'secondaryFields', borne?: true): Fault =>
  any(
    rule,
    (apple) => {
      apple[group] = [{ key: 'k', label: 'L', value: 'x', ...more }];
      return `/apple/${group}/0${at}`;
    },
    borne,
  );
const DATES = ['2027-01-31T18:30-7:00', '31.12.2026', '2027-02-30', '10000-01-01', '2027-1-31', 'tomorrow', ''];
const COLOURS = [
  'navy',
  'hsl(1, 2%, 3%)',
  'rgb(10%, 2%, 3%)',
  'rgb(1, 2)',
  'rgb(1, 2, 256)',
  'rgba(1, 2, 3, 0.5)',
  '#abcd',
];
const CURRENCIES = ['usd', 'EURO', 'QQQ', '€'];
const MONEY: [money: Json, at: string][] = [
  [{ amount: 12.5, currencyCode: 'EUR' }, '/amount'],
  [{ amount: '12,50', currencyCode: 'EUR' }, '/amount'],
  [{ amount: '1e3', currencyCode: 'EUR' }, '/amount'],
  [{ amount: '12.50', currencyCode: 'eur' }, '/currencyCode'],
  [{ amount: '12.50' }, ''],
  [{ currencyCode: 'EUR' }, ''],
  ['12.50 EUR', ''],
];
const ZONES = ['CET+1', 'Berlin', '+01:00', 'America/New York'];
const URLS = [
  'shop.example',
  '//shop.example',
  'https://a b.example',
  'https:///x',
  'javascript:alert(1)',
  'about:blank',
  '',
];

/** What has a form, by the form. */
export const FORMS: Row[] = [
  ...of(
    'storeCard',
    [
      ...DATES.map((date) => own(`day ${date}`, 'expirationDate', date)),
      ...COLOURS.map((colour) => own(`colour ${colour}`, 'backgroundColor', colour)),
      ...CURRENCIES.map((currency) =>
        field(`currency ${currency}`, '/currencyCode', { value: 5, currencyCode: currency }),
      ),
      ...MONEY.map(([money, at]) => tag(`money ${JSON.stringify(money)}`, 'balance', money, at)),
      ...URLS.map((address) => own(`address ${address}`, 'appLaunchURL', address)),
      beacon('UUID without hyphens', { proximityUUID: 'E2C56DB5DFFB48D2B060D0F5A71096E0' }, '/proximityUUID'),
      own('number as a text', 'maxDistance', '500'),
      own('flag as a text', 'sharingProhibited', 'true'),
      own('flag as a number', 'suppressStripShine', 1),
      field('number in a label', '/label', { label: 5 }),
      own('number in logoText', 'logoText', 5),
      own('null', 'logoText', null),
      extra('unknown key', 'holographic', true, '', true),
      tag('unknown tag', 'eventHost', 'x'),
      ...['{{name}}', '{{a-text|upper}}', '${name}', '*|NAME|*'].map((rest) =>
        field(`left over ${rest}`, '/label', { label: rest }),
      ),
      ...['undefined', '[object Object]', 'null'].map((rest) =>
        field(`left over ${rest}`, '/label', { label: rest }, undefined, true),
      ),
      any('placeholder in a key', (apple) => {
        apple.extra.userInfo = { '{{a-text}}': 1 };
        return '/apple/extra/userInfo/{{a-text}}';
      }),
    ],
    { associatedStoreIdentifiers: [1], locations: [{ latitude: 1, longitude: 2 }] },
  ),
  ...of(
    'eventTicket',
    ZONES.map((zone) => tag(`zone ${zone}`, 'eventTimeZone', zone)),
  ),
];

const SET_BY_THE_PRODUCT = [
  'formatVersion',
  'teamIdentifier',
  'serialNumber',
  'webServiceURL',
  'authenticationToken',
  'voided',
  'barcode',
  'nfc',
  'coupon',
  'posterGeneric',
  'organizationName',
  'description',
];
const TEXT_KEYS = [
  'eventLogoText',
  'logoSymbolName',
  'contactVenueEmail',
  'contactVenuePhoneNumber',
  'transitProviderEmail',
  'transitProviderPhoneNumber',
  'businessChatIdentifier',
];
const GUIDE = [
  'accessibilityURL',
  'addOnURL',
  'bagPolicyURL',
  'contactVenueWebsite',
  'directionsInformationURL',
  'merchandiseURL',
  'parkingInformationURL',
  'purchaseParkingURL',
  'sellURL',
  'transferURL',
  'transitInformationURL',
  'orderFoodURL',
];
const FLIGHT = [
  'changeSeatURL',
  'entertainmentURL',
  'managementURL',
  'purchaseAdditionalBaggageURL',
  'purchaseLoungeAccessURL',
  'purchaseWifiURL',
  'registerServiceAnimalURL',
  'reportLostBagURL',
  'requestWheelchairURL',
  'transitProviderWebsiteURL',
  'upgradeURL',
  'trackBagsURL',
];

/** Keys of the top, each with a value that it cannot have and, where only some faces draw it, in a design of another. */
export const TOP: Row[] = of('storeCard', [
  ...SET_BY_THE_PRODUCT.map((key) => extra(`${key} of the product`, key, 'x')),
  ...TEXT_KEYS.map((key) => extra(`${key} as a number`, key, 5)),
  ...[...GUIDE, ...FLIGHT].map((key) => extra(`${key} without a scheme`, key, 'shop.example')),
  ...[...GUIDE, ...FLIGHT].map((key) => extra(`${key} on another face`, key, 'https://shop.example', '', true)),
  ...['eventLogoText', 'contactVenueEmail', 'transitProviderEmail'].map((key) =>
    extra(`${key} on another face`, key, 'a@b.example', '', true),
  ),
  ...['stripColor', 'footerBackgroundColor'].map((key) => extra(`${key} by its name`, key, 'navy')),
  ...['suppressHeaderDarkening', 'useAutomaticColors'].map((key) => extra(`${key} as a text`, key, 'true')),
  ...['suppressHeaderDarkening', 'useAutomaticColors', 'footerBackgroundColor'].map((key) =>
    extra(`${key} on another face`, key, key.endsWith('Color') ? '#fff' : true, '', true),
  ),
  any('no description', (_, design) => {
    delete design.description;
    return '/description';
  }),
  any('no organisation', (_, design) => {
    design.organizationName = '\u200b';
    return '/organizationName';
  }),
  any('a pass type of another form', (apple) => {
    apple.passTypeIdentifier = 'com.example';
    return '/apple/passTypeIdentifier';
  }),
  any('no style', (apple) => {
    delete apple.style;
    return '/apple/style';
  }),
  any('two styles', (apple) => {
    apple.coupon = {};
    return '/apple/coupon';
  }),
  any('a style in other capitals', (apple) => {
    apple.style = 'storecard';
    return '/apple/style';
  }),
  own('grouping of another style', 'groupingIdentifier', 'g', '', true),
  own('store id as a text', 'associatedStoreIdentifiers', ['1'], '/0'),
  own('store id with a fraction', 'associatedStoreIdentifiers', [1.5], '/0'),
  extra('auxiliary store ids of a poster', 'auxiliaryStoreIdentifiers', [1], '', true),
  own('app without its store id', 'appLaunchURL', 'kestrel://x'),
  extra('user info as a list', 'userInfo', [1]),
  own('day for old systems alone', 'relevantDate', '2026-12-31', '', true),
  own('transit type of another style', 'transitType', 'PKTransitTypeAir'),
  own('empty text', 'logoText', ' ', '', true),
]);

const actions = (rule: string, at: string, list: unknown, borne?: true): Fault =>
  extra(rule, 'featuredActions', list, at, borne);
export const upcoming = (rule: string, at: string, more: Json, borne?: true): Fault =>
  extra(rule, 'upcomingPassInformation', [{ identifier: 'u', name: 'U', type: 'event', ...more }], `/0${at}`, borne);
export const remote = (more: Json): Json => ({
  headerImage: { URLs: [{ URL: 'https://a.example/i.png', SHA256: 'a'.repeat(64), ...more }] },
});
const shop = { identifier: 'a', type: 'shop', url: 'https://a.example' };

/** Styles with their schemes, groups of fields, keys of one field. */
export const FIELDS: Row[] = of('storeCard', [
  ...['left', 'PKTextAlignmentJustified', '', null, 5].map((one) =>
    field(`alignment ${one}`, '/textAlignment', { textAlignment: one }),
  ),
  ...['headerFields', 'primaryFields', 'secondaryFields', 'auxiliaryFields', 'backFields'].flatMap((group) => [
    field(`${group}: no key`, '/key', { key: '' }, group),
    field(`${group}: value of true`, '/value', { value: true }, group),
    field(`${group}: value of null`, '/value', { value: null }, group),
    field(`${group}: value of an object`, '/value', { value: {} }, group),
    field(`${group}: value that shows nothing`, '/value', { value: '\u200b' }, group),
    field(`${group}: date style on words`, '/value', { value: 'soon', dateStyle: 'PKDateStyleShort' }, group),
    field(`${group}: number style on words`, '/value', { value: 'five', numberStyle: 'PKNumberStyleDecimal' }, group),
    field(
      `${group}: number style and currency`,
      '',
      { value: 5, numberStyle: 'PKNumberStyleDecimal', currencyCode: 'EUR' },
      group,
    ),
    field(
      `${group}: date and currency`,
      '',
      { value: '2026-12-31', dateStyle: 'PKDateStyleShort', currencyCode: 'EUR' },
      group,
    ),
    field(`${group}: isRelative alone`, '', { isRelative: true }, group),
    field(`${group}: markup`, '/value', { value: '<b>x</b>' }, group, true),
    field(`${group}: entity`, '/label', { label: 'Fish &amp; Chips' }, group, true),
    field(`${group}: time as programs write it`, '/label', { label: 'From 2026-12-31T18:30' }, group, true),
    field(`${group}: placeholder in a key`, '/key', { key: '{{a-text}}' }, group),
    field(`${group}: key in other capitals`, '/Label', { Label: 'x' }, group),
  ]),
  back('key twice', '/key', { key: 'p' }),
  ...['New', '%@ and %@', '%d', '%', '%%@', '100% %@', '%1$@'].map((one) =>
    field(`change message ${one}`, '/changeMessage', { changeMessage: one }),
  ),
  field('change message that is empty', '/changeMessage', { changeMessage: '' }, undefined, true),
  ...['short', 'PKDateStyleshort', ''].map((one) =>
    field(`date style ${one}`, '/dateStyle', { value: '{{a-date}}', dateStyle: one }),
  ),
  field('time style', '/timeStyle', { value: '{{a-date}}', timeStyle: 'Short' }),
  field(
    'styles that show nothing',
    '/dateStyle',
    { value: '{{a-date}}', dateStyle: 'PKDateStyleNone' },
    undefined,
    true,
  ),
  ...['decimal', 'PKNumberStyleCurrency'].map((one) =>
    field(`number style ${one}`, '/numberStyle', { value: 5, numberStyle: one }),
  ),
  ...['ignoresTimeZone', 'isRelative'].map((one) =>
    field(`${one} as a text`, `/${one}`, { value: '{{a-date}}', dateStyle: 'PKDateStyleShort', [one]: 'yes' }),
  ),
  field('row of a store card', '/row', { row: 1 }, 'auxiliaryFields'),
  field('id of an editor', '/_id', { _id: 'x' }),
  field('a date without a style', '/value', { value: '2026-12-31' }, undefined, true),
  field('tags of a field', '/semantics/eventname', { semantics: { eventname: 'x' } }),
  back('alignment on the back', '/textAlignment', { textAlignment: 'PKTextAlignmentRight' }, true),
  back('data detector', '/dataDetectorTypes/0', { dataDetectorTypes: ['Link'] }),
  field('data detectors on the front', '/dataDetectorTypes', { dataDetectorTypes: [] }, undefined, true),
  field(
    'links on the front',
    '/attributedValue',
    { attributedValue: '<a href="https://a.example">x</a>' },
    undefined,
    true,
  ),
  ...[
    '<b>x</b>',
    '<a>x</a>',
    '<a href="/x">x</a>',
    '<a href="https://a.example">x',
    '',
    '<a href="javascript:x">x</a>',
  ].map((one) => back(`attributed ${one}`, '/attributedValue', { attributedValue: one }, true)),
  back('attributed value of true', '/attributedValue', { attributedValue: true }),
  any('a group in other capitals', (apple) => {
    apple.backfields = [];
    return '/apple/backfields';
  }),
  any('footer fields of a store card', (apple) => {
    apple.footerFields = [];
    return '/apple/footerFields';
  }),
  own('additional info of a store card', 'additionalInfoFields', []),
  ...(
    [
      ['headerFields', 4],
      ['primaryFields', 2],
      ['secondaryFields', 5],
    ] as const
  ).map(([group, count]) =>
    any(`${count} ${group}`, (apple) => {
      apple[group] = Array.from({ length: count }, (_, n) => ({ key: `k${n}`, value: 'x' }));
      return `/apple/${group}`;
    }),
  ),
  ...(['PKPassengerCapabilityCarryon', 'posterGeneric', 'storecard'] as const).map((name) =>
    extra(`scheme ${name}`, 'preferredStyleSchemes', [name], '/0'),
  ),
  actions('actions as an object', '', shop),
  actions('action of an unknown type', '/0/type', [{ ...shop, type: 'buy' }]),
  actions('action without an identifier', '/0', [{ type: 'shop', url: shop.url }]),
  actions('action with an empty identifier', '/0/identifier', [{ ...shop, identifier: '' }]),
  actions('action twice', '/1', [shop, shop]),
  actions('three actions', '', [shop, { ...shop, identifier: 'b' }, { ...shop, identifier: 'c' }]),
  actions('address of an action', '/0/url', [{ ...shop, url: 'a.example' }]),
  actions('script of an action', '/0/url', [{ ...shop, url: 'javascript:x' }]),
  actions('unknown key of an action', '/0/title', [{ ...shop, title: 'x' }]),
  actions('action without an address', '/0', [{ identifier: 'a', type: 'shop' }], true),
  actions('call of a page', '/0', [{ ...shop, type: 'call' }], true),
  actions('place without locations', '/0', [{ identifier: 'a', type: 'place' }], true),
]);
