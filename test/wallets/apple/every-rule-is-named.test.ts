import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passTypeDesign } from '../../../src/passes/pass-type.js';
import { lintAppleDesign } from '../../../src/wallets/apple/check-design.js';
import { base, extra, FILES, own, tag, type Fault, type Json } from './design-faults.js';
import { STORE_CARD } from './store-card-faults.js';

const EVENT_TICKET: Fault[] = [
  own('distance without places', 'maxDistance', 100, '', true),
  own('app without a store id', 'appLaunchURL', 'kestrel://card'),
  own('day of older systems', 'relevantDate', '2026-12-31', '', true),
  extra('order of schemes', 'preferredStyleSchemes', ['eventTicket', 'posterEventTicket'], '', true),
  { rule: 'poster without nfc', put: () => '/apple/nfc' },
  { rule: 'poster without an artwork', put: () => '/apple/images' },
  { rule: 'tags of a poster', put: () => '/apple/extra/semantics' },
  { rule: 'tags that a poster should have', put: () => '/apple/extra/semantics', borne: true },
  tag('end before the start', 'eventEndDate', '2026-01-01T10:00', '', true),
  {
    rule: 'five fields in one row',
    put: (apple) => {
      apple.auxiliaryFields = [1, 2, 3, 4, 5].map((n) => ({ key: `x${n}`, value: 'x' }));
      return '/apple/auxiliaryFields';
    },
  },
  {
    rule: 'a strip beside a thumbnail',
    borne: true,
    put: (apple) => {
      Object.assign(apple.images, { strip: 'map', thumbnail: 'map' });
      return '/apple/images/thumbnail';
    },
  },
  extra('one link of the event guide', 'sellURL', 'https://a.example', '', true),
  extra(
    'actions on a poster',
    'featuredActions',
    [{ identifier: 'a', type: 'shop', url: 'https://a.example' }],
    '',
    true,
  ),
  own('code on a poster', 'barcodes', [{ format: 'PKBarcodeFormatQR', message: 'x' }], '', true),
  own('automatic colours', 'labelColor', '#fff', '', true),
  extra('colour of the foot', 'footerBackgroundColor', 'navy'),
  extra('mail of the venue', 'contactVenueEmail', 'the box office', '', true),
  extra('phone of the venue', 'contactVenuePhoneNumber', 'call us', '', true),
  tag('day of a start', 'eventStartDateInfo', { date: 'soon' }, '/date'),
  tag('zone of a start', 'eventStartDateInfo', { date: 'soon', timeZone: 'CET+1' }, '/timeZone'),
  tag('colour of a seat', 'seats', [{ seatSectionColor: 'navy' }], '/0/seatSectionColor'),
  {
    rule: 'upcoming passes',
    put: (apple) => {
      const image = (more: object) => ({ URLs: [{ URL: 'https://a.example/i.png', SHA256: 'a'.repeat(64), ...more }] });
      const entry = { identifier: 'u', name: 'U', type: 'event' };
      apple.extra.upcomingPassInformation = [
        {
          ...entry,
          images: { headerImage: image({ URL: 'http://a.example/i.png' }), venueMap: { reuseExisting: true } },
        },
        { ...entry, images: { headerImage: image({ SHA256: 'abc' }), venueMap: image({ size: 3_000_000 }) } },
        { ...entry, identifier: 'v', type: 'show', isActive: 'yes', backFields: [{ key: 'u', value: 'x' }] },
        { ...entry, identifier: 'w', images: { headerImage: { reuseExisting: true }, venueMap: {} } },
        {
          ...entry,
          identifier: 'x',
          backFields: [{ key: 'k', label: 'L', value: 'soon', dateStyle: 'PKDateStyleShort' }],
        },
      ];
      return '/apple/extra/upcomingPassInformation/1';
    },
  },
  ...[
    '/0/images/headerImage/URLs/0/URL',
    '/0/images/venueMap/reuseExisting',
    '/1/images/headerImage/URLs/0/SHA256',
    '/1/images/venueMap/URLs/0/size',
    '/2/type',
    '/2/isActive',
    '/2/backFields/0',
    '/3/images/headerImage/reuseExisting',
    '/3/images/venueMap',
    '/4/backFields/0/value',
  ].map((at): Fault => ({ rule: `upcoming ${at}`, put: () => `/apple/extra/upcomingPassInformation${at}` })),
];

const BOARDING_PASS: Fault[] = [
  extra('scheme without a fallback', 'preferredStyleSchemes', ['semanticBoardingPass'], '', true),
  own('flights only', 'transitType', 'PKTransitTypeTrain'),
  {
    rule: 'a name of sounds only',
    put: (apple) => {
      apple.extra.semantics.passengerName = { phoneticRepresentation: 'An' };
      return '/apple/extra/semantics';
    },
  },
  {
    rule: 'one zone of two',
    borne: true,
    put: (apple) => {
      apple.extra.semantics.departureAirportTimeZone = 'Europe/Berlin';
      return '/apple/extra/semantics';
    },
  },
  own('poster behind a boarding pass', 'posterGeneric', {}, '', true),
  extra('mail of the carrier', 'transitProviderEmail', 'nobody', '', true),
  extra('phone of the carrier', 'transitProviderPhoneNumber', '@', '', true),
  extra('link of a flight', 'changeSeatURL', 'https://a b.example'),
  tag('capability', 'passengerCapabilities', ['Preboarding'], '/0', true),
  tag('security programme', 'passengerEligibleSecurityPrograms', ['TSA'], '/0', true),
  tag('security programme of a place', 'departureLocationSecurityPrograms', ['TSA'], '/0', true),
  tag('information', 'passengerInformationSSRs', ['XXXX'], '/0', true),
  tag('codes as a text', 'passengerAirlineSSRs', 'XXXX'),
  tag('arrival before it', 'originalArrivalDate', '2026-12-31T09:00', '', true),
  tag('amount in words', 'totalPrice', { amount: 'five', currencyCode: 'EUR' }, '/amount'),
  tag(
    'address of a network',
    'wifiAccess',
    [{ ssid: 'a', password: 'b', captiveTokenAuthURL: 'x y' }],
    '/0/captiveTokenAuthURL',
  ),
  {
    rule: 'three primary fields',
    put: (apple) => {
      apple.primaryFields = [1, 2, 3].map((n) => ({ key: `p${n}`, value: 'x' }));
      return '/apple/primaryFields';
    },
  },
];
const GENERIC: Fault[] = [
  {
    rule: 'two rows beside a square code',
    borne: true,
    put: (apple) => {
      apple.secondaryFields = [1, 2, 3].map((n) => ({ key: `s${n}`, value: 'x' }));
      apple.auxiliaryFields = [1, 2].map((n) => ({ key: `x${n}`, value: 'x' }));
      apple.barcodes = [{ format: 'PKBarcodeFormatQR', message: '{{a-text}}' }];
      return '/apple/auxiliaryFields';
    },
  },
  { rule: 'a code that may be missing', put: () => '/apple/barcodes', borne: true },
  own(
    'poster without an artwork',
    'posterGeneric',
    { footerFields: [1, 2].map((n) => ({ key: `f${n}`, value: 'x' })) },
    '/footerFields',
    true,
  ),
  { rule: 'no artwork', put: () => '/apple/images', borne: true },
];

const COUPON: Fault[] = [
  {
    rule: 'an empty classic face',
    borne: true,
    put: (apple) => {
      apple.primaryFields = [];
      apple.posterGeneric = {};
      return '/apple/style';
    },
  },
  extra(
    'three actions',
    'featuredActions',
    ['shop', 'place', 'order'].map((type) => ({ identifier: type, type, url: 'https://a.example' })),
  ),
  { rule: 'a place with a url', put: () => '/apple/extra/featuredActions/1', borne: true },
  own('NFC message that is cut', 'nfc', { message: 'x'.repeat(65), encryptionPublicKey: 'x' }, '/message'),
];

const FULL_COUPON: Fault[] = [
  {
    rule: 'an icon by data',
    put: (apple) => {
      apple.images.icon = '{{a-text}}';
      return '/apple/images/icon';
    },
  },
  {
    rule: 'five fields in the row of a coupon',
    put: (apple) => {
      apple.secondaryFields = [1, 2, 3, 4, 5].map((n) => ({ key: `s${n}`, value: 'x' }));
      return '/apple/secondaryFields';
    },
  },
];

/** A design of a style with all of its faults at once, and where each must be named. */
function faulty(style: string, faults: readonly Fault[], more: Json = {}) {
  const design = base({ style, ...more });
  const named = faults.map(({ rule, put, borne }) => ({ rule, at: put(design.apple, design), borne }));
  return { design: passTypeDesign.parse(design), named };
}

const DESIGNS = [
  faulty('storeCard', STORE_CARD),
  faulty('eventTicket', EVENT_TICKET, {
    extra: { useAutomaticColors: true, semantics: { eventStartDate: '2026-01-02T10:00' } },
  }),
  faulty('boardingPass', BOARDING_PASS, {
    extra: { semantics: { originalDepartureDate: '2026-12-31T10:00' } },
  }),
  faulty('generic', GENERIC),
  faulty('coupon', COUPON),
  faulty('coupon', FULL_COUPON),
];

test(`${DESIGNS.flatMap(({ named }) => named).length} faults, one of each rule, are all named at once with their place and a cure`, () => {
  const unnamed: string[] = [];
  for (const { design, named } of DESIGNS) {
    const found = lintAppleDesign(design, FILES);
    for (const { rule, at, borne } of named) {
      const there = found.filter(({ path, severity }) => path === at && (severity === 'warning') === (borne ?? false));
      const said = found.filter(({ path }) => path.startsWith(at)).map((one) => JSON.stringify(one));
      if (there.length === 0) unnamed.push(`${rule} at ${at}: ${said.join(', ')}`);
    }
    for (const { path, message, cure } of found) {
      assert.ok(message.length > 10 && cure.length > 5, `${path}: ${message} ${cure}`);
    }
  }
  assert.deepEqual(unnamed, []);
});

test('what the faults were put into is sound', () => {
  for (const { design } of DESIGNS) {
    const { style } = design.apple!;
    const clean = base({ style, ...(style === 'boardingPass' && { transitType: 'PKTransitTypeTrain' }) });
    assert.deepEqual(lintAppleDesign(passTypeDesign.parse(clean), FILES), [], style);
  }
});
