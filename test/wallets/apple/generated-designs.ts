import { APPLE_STYLES, passTypeDesign, type PassTypeDesign } from '../../../src/passes/pass-type.js';
import { viewOfPass } from '../../../src/passes/pass-view.js';
import { computeVisuals } from '../../../src/passes/visuals.js';
import { applePassJson } from '../../../src/wallets/apple/pass-json.js';
import type { JsonValue } from '../../../src/common/json.js';

/** Numbers that repeat from run to run: the same seed gives the same designs. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

const ZONES = [null, 'Europe/Berlin', 'America/Los_Angeles', 'Asia/Kolkata'];
const VALUES = [
  { value: '{{name}}' },
  { value: '{{points}}', numberStyle: 'PKNumberStyleDecimal', changeMessage: 'Now %@' },
  { value: '{{price}}', currencyCode: 'EUR' },
  // A text may be a number; where it is none, the pass is written without the currency.
  { value: '{{name}}', currencyCode: 'EUR' },
  { value: '{{name}}', dateStyle: 'PKDateStyleShort' },
  { value: '{{until}}', dateStyle: 'PKDateStyleMedium' },
  { value: '{{at}}', dateStyle: 'PKDateStyleShort', timeStyle: 'PKDateStyleShort', isRelative: true },
  { value: '{{at}}' },
  { value: '{{visual.tier}}', changeMessage: 'Tier %@, 100%%' },
  { value: 7, numberStyle: 'PKNumberStylePercent' },
];
const BARCODES = [
  { format: 'PKBarcodeFormatQR', message: '{{pass.serialNumber}}', altText: '{{name}}' },
  { format: 'PKBarcodeFormatPDF417', message: 'M {{points}}' },
  { format: 'PKBarcodeFormatAztec', message: '{{name}}', messageEncoding: 'utf-8' },
  { format: 'PKBarcodeFormatCode128', message: '{{pass.serialNumber}}' },
];
const IMAGES: Readonly<Record<string, readonly string[]>> = {
  boardingPass: ['footer'],
  coupon: ['strip'],
  eventTicket: ['background', 'thumbnail'],
  generic: ['thumbnail'],
  storeCard: ['strip'],
};
const SEMANTICS: Readonly<Record<string, object>> = {
  boardingPass: { departureStationName: 'Berlin Hbf', originalDepartureDate: '{{at}}', seats: [{ seatNumber: '5' }] },
  eventTicket: { eventName: 'Concert of {{name}}', eventStartDate: '{{at}}', eventType: 'PKEventTypeLivePerformance' },
};

/** A sound design, the n-th of an endless row through all styles. */
export function generatedDesign(index: number): PassTypeDesign {
  const pick = numbers(index + 1);
  const style = APPLE_STYLES[index % APPLE_STYLES.length]!;
  let key = 0;
  const fields = (most: number) =>
    Array.from({ length: pick(most + 1) }, () => {
      const one = VALUES[pick(VALUES.length)]!;
      return { key: `k${key++}`, label: `Label ${pick(9)}`, ...one };
    });
  const semantics = SEMANTICS[style];
  return passTypeDesign.parse({
    name: `design-${index}`,
    id: `ptk_0x${(index + 1).toString(16)}`,
    description: 'Generated card',
    organizationName: 'Größen & Söhne',
    fields: [
      { apiFieldName: 'name', type: 'text' },
      { apiFieldName: 'points', type: 'integer' },
      { apiFieldName: 'price', type: 'number' },
      { apiFieldName: 'until', type: 'date' },
      { apiFieldName: 'at', type: 'datetime' },
      { apiFieldName: 'tier', type: 'text' },
    ],
    visuals: { tier: { from: 'tier', cases: { gold: 'Gold' }, default: 'Basic' } },
    apple: {
      passTypeIdentifier: 'pass.com.example.membership',
      style,
      ...(style === 'boardingPass' && { transitType: 'PKTransitTypeTrain' }),
      backgroundColor: '#123456',
      foregroundColor: 'rgb(255, 255, 255)',
      headerFields: fields(2),
      primaryFields: fields(1),
      secondaryFields: fields(2),
      auxiliaryFields: fields(2),
      backFields: fields(4),
      barcodes: BARCODES.slice(pick(BARCODES.length + 1)),
      images: { icon: 'icon', logo: 'logo', [IMAGES[style]![0]!]: 'picture' },
      ...(pick(2) === 0 && {
        locations: [{ latitude: 48.1, longitude: 11.5, relevantText: 'Near' }],
        maxDistance: 100,
      }),
      ...(pick(2) === 0 && {
        beacons: [{ proximityUUID: 'E2C56DB5-DFFB-48D2-B060-D0F5A71096E0', major: 1, minor: 65535 }],
      }),
      ...(pick(2) === 0 && { expirationDate: '{{until}}' }),
      ...(pick(2) === 0 && { relevantDates: [{ startDate: '{{at}}', endDate: '2026-12-31' }] }),
      ...(pick(2) === 0 && semantics && { extra: { semantics } }),
    },
  });
}

const DATA: Record<string, JsonValue> = {
  name: 'Zoë',
  points: 1200,
  price: 12.5,
  until: '2026-12-31',
  at: '2026-12-31T18:30:00.000Z',
  tier: 'gold',
};

export const GENERATED_IMAGES = ['icon', 'logo', 'picture'].flatMap((name) =>
  ['', '@2x', '@3x'].map((scale) => `${name}${scale}.png`),
);

/** pass.json of a generated design, for one customer in one of several zones. */
export function generatedPassJson(design: PassTypeDesign, index: number): Record<string, JsonValue> {
  const locale = { timeZone: ZONES[index % ZONES.length]!, language: 'en' };
  return applePassJson({
    design,
    teamIdentifier: 'ABCDE12345',
    serialNumber: `S-${index}`,
    authenticationToken: 'token-of-16-chars-or-more',
    webServiceUrl: 'https://passes.example.com/apple',
    view: viewOfPass({
      design,
      data: DATA,
      visuals: computeVisuals(design, DATA),
      serialNumber: `S-${index}`,
      externalId: null,
      publicUrl: 'https://passes.example.com',
      locale,
    }),
    state: 'active',
    modifiedAt: new Date('2026-11-20T10:00:00Z'),
  });
}
