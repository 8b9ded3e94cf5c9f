import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { AppleDesign, PassTypeDesign } from '../../passes/pass-type.js';
import type { Add } from './design-problem.js';
import { KEY_STYLES } from './rules/pass-keys.js';
import { EVENT_TAGS, JOURNEY_TAGS } from './rules/semantic-tags.js';

type Json = Readonly<Record<string, JsonValue | undefined>>;

/** How many fields fit on the front (Apple's guides to the styles); the back has no limit. `together` share one row. */
const ROOM: Readonly<Record<AppleDesign['style'], Readonly<Record<string, number>>>> = {
  boardingPass: { headerFields: 3, primaryFields: 2, secondaryFields: 4, auxiliaryFields: 5 },
  coupon: { headerFields: 3, primaryFields: 1, together: 4 },
  storeCard: { headerFields: 3, primaryFields: 1, together: 4 },
  eventTicket: { headerFields: 3, primaryFields: 1, secondaryFields: 4, auxiliaryFields: 8 },
  generic: { headerFields: 3, primaryFields: 1, secondaryFields: 4, auxiliaryFields: 4 },
};
const POSTER_ROOM: Readonly<Record<string, number>> = { headerFields: 1, primaryFields: 4, footerFields: 2 };

const objectOf = (value: JsonValue | undefined): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const isEmpty = (value: JsonValue | undefined): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
const schemesOf = ({ extra }: AppleDesign): readonly JsonValue[] =>
  Array.isArray(extra['preferredStyleSchemes']) ? extra['preferredStyleSchemes'] : [];

/** What a style allows, holds and needs. */
export function checkStyle(design: PassTypeDesign, add: Add): void {
  const apple = design.apple!;
  checkRoom(apple, add);
  const { style, transitType } = apple;
  const schemes = schemesOf(apple);
  const isPosterTicket = schemes.includes('posterEventTicket');
  if (apple.additionalInfoFields && style !== 'eventTicket') {
    add('/apple/additionalInfoFields', `A ${style} has no additionalInfoFields.`, 'Move them to backFields.');
  }
  if (style === 'boardingPass' && !transitType) {
    add('/apple/transitType', 'A boardingPass needs a transitType.', 'Add one, such as "PKTransitTypeTrain".');
  }
  if (style !== 'boardingPass' && transitType) {
    add('/apple/transitType', `A ${style} has no transitType.`, 'Remove it, or make the style boardingPass.');
  }
  if (apple.posterGeneric && style === 'boardingPass') {
    const cure = 'Make the style storeCard, generic, eventTicket or coupon.';
    add('/apple/posterGeneric', 'A boardingPass is no fallback of posterGeneric.', cure, 'warning');
  }
  if (apple.posterGeneric && apple.images['artwork'] === undefined) {
    const cure = 'Add "artwork" to images, 358 x 448 points.';
    add('/apple/images', 'posterGeneric has no artwork.', cure, 'warning');
  }
  checkSchemes(apple, schemes, add);
  if (isPosterTicket && style === 'eventTicket') checkPosterTicket(apple, add);
  if (schemes.includes('semanticBoardingPass') && style === 'boardingPass') checkSemanticBoarding(apple, add);
  checkKeys(apple, isPosterTicket, add);
}

function checkRoom(apple: AppleDesign, add: Add): void {
  const { style } = apple;
  const count = (group: string): number => ((apple as Json)[group] as JsonValue[] | undefined)?.length ?? 0;
  const room = ROOM[style];
  const tooMany = (path: string, name: string, found: number, limit: number, face: string): void =>
    add(
      path,
      `${name} ${name.includes(' ') ? 'have' : 'has'} ${found} fields, the front of a ${face} shows ${limit}.`,
      `Move ${found - limit} of them to another group or to backFields.`,
    );
  for (const [group, limit] of Object.entries(room)) {
    const found = group === 'together' ? 0 : count(group);
    if (found > limit) tooMany(pointer('apple', group), group, found, limit, style);
  }
  const together = count('secondaryFields') + count('auxiliaryFields');
  if (room['together'] !== undefined && together > room['together']) {
    const group = count('secondaryFields') > room['together'] ? 'secondaryFields' : 'auxiliaryFields';
    const name = group === 'secondaryFields' ? group : 'secondaryFields and auxiliaryFields together';
    tooMany(pointer('apple', group), name, together, room['together'], style);
  }
  for (const [group, limit] of Object.entries(POSTER_ROOM)) {
    const found = ((apple.posterGeneric as Json | undefined)?.[group] as JsonValue[] | undefined)?.length ?? 0;
    if (found > limit) tooMany(pointer('apple', 'posterGeneric', group), group, found, limit, 'posterGeneric');
  }
}

const FALLBACKS: Readonly<Record<string, AppleDesign['style']>> = {
  posterEventTicket: 'eventTicket',
  semanticBoardingPass: 'boardingPass',
};

function checkSchemes(apple: AppleDesign, schemes: readonly JsonValue[], add: Add): void {
  const path = '/apple/extra/preferredStyleSchemes';
  for (const [scheme, style] of Object.entries(FALLBACKS)) {
    if (!schemes.includes(scheme)) continue;
    if (apple.style !== style)
      add(path, `${scheme} is a face of ${style}, not of ${apple.style}.`, `Make the style ${style}.`);
    else if (!schemes.includes(style)) {
      add(path, `${scheme} has no fallback for older systems.`, `Write ["${scheme}", "${style}"].`, 'warning');
    }
  }
}

const needs = (apple: AppleDesign, face: string, tags: readonly string[], add: Add, severity?: 'warning'): void => {
  const semantics = objectOf(apple.extra['semantics']);
  for (const tag of tags.filter((name) => isEmpty(semantics[name]))) {
    add(
      '/apple/extra/semantics',
      `A ${face} needs the tag ${tag}; without it phones show the older face.`,
      `Add "${tag}".`,
      severity,
    );
  }
};

function checkPosterTicket(apple: AppleDesign, add: Add): void {
  const face = 'poster event ticket';
  const semantics = objectOf(apple.extra['semantics']);
  if (!apple.nfc) add('/apple/nfc', `A ${face} needs nfc.`, 'Add nfc with the key of your terminals.');
  else if (apple.nfc.requiresAuthentication === undefined) {
    add('/apple/nfc', `A ${face} needs nfc.requiresAuthentication.`, 'Add "requiresAuthentication": false (or true).');
  }
  if (apple.images['artwork'] === undefined && apple.images['background'] === undefined) {
    add('/apple/images', `A ${face} needs an artwork or a background.`, 'Add "artwork" to images, 358 x 448 points.');
  }
  needs(apple, face, ['eventName', 'venueName'], add);
  if (semantics['eventType'] === 'PKEventTypeSports')
    needs(apple, face, ['awayTeamAbbreviation', 'homeTeamAbbreviation'], add);
  if (semantics['eventType'] === 'PKEventTypeLivePerformance') {
    needs(apple, face, ['performerNames'], add);
    needs(apple, face, ['artistIDs'], add, 'warning');
  }
  needs(apple, face, ['venueRegionName', 'venueRoom', 'eventStartDate', 'seats'], add, 'warning');
  if (apple.barcodes.length > 0) {
    add(
      '/apple/barcodes',
      `A ${face} is not for tickets that need a code.`,
      'Use NFC, or leave the poster out.',
      'warning',
    );
  }
}

function checkSemanticBoarding(apple: AppleDesign, add: Add): void {
  const face = 'semantic boarding pass';
  if (apple.transitType !== 'PKTransitTypeAir') {
    add('/apple/transitType', `A ${face} is for flights.`, 'Write "PKTransitTypeAir", or leave the scheme out.');
  }
  needs(
    apple,
    face,
    [
      ...['airlineCode', 'flightNumber', 'departureAirportCode', 'destinationAirportCode', 'passengerName'],
      ...['originalDepartureDate', 'originalBoardingDate', 'originalArrivalDate'],
    ],
    add,
  );
  const semantics = objectOf(apple.extra['semantics']);
  const zones = (end: string): string[] => [`${end}AirportTimeZone`, `${end}LocationTimeZone`];
  const found = zones('departure').filter((tag) => !isEmpty(semantics[tag]));
  if (found.length < 2) needs(apple, face, zones('departure'), add, found.length === 1 ? 'warning' : undefined);
  needs(apple, face, [...zones('destination'), 'departureCityName', 'destinationCityName', 'seats'], add, 'warning');
}

function checkKeys(apple: AppleDesign, isPosterTicket: boolean, add: Add): void {
  const { style, extra } = apple;
  for (const key of Object.keys({
    ...extra,
    ...(apple.groupingIdentifier !== undefined && { groupingIdentifier: '' }),
  })) {
    const styles = KEY_STYLES[key];
    if (!styles || styles.includes(style)) continue;
    const at = Object.hasOwn(extra, key) ? pointer('apple', 'extra', key) : pointer('apple', key);
    add(at, `A ${style} does not show ${key}; it is for ${styles.join(' and ')}.`, 'Remove it.', 'warning');
  }
  for (const tag of Object.keys(objectOf(extra['semantics']))) {
    const only = Object.hasOwn(EVENT_TAGS, tag)
      ? 'eventTicket'
      : Object.hasOwn(JOURNEY_TAGS, tag)
        ? 'boardingPass'
        : style;
    if (only === style) continue;
    const path = pointer('apple', 'extra', 'semantics', tag);
    add(path, `A ${style} does not show ${tag}; it is for ${only}.`, 'Remove it.', 'warning');
  }
  if (apple.appLaunchURL !== undefined && !apple.associatedStoreIdentifiers?.length) {
    add('/apple/appLaunchURL', 'appLaunchURL needs associatedStoreIdentifiers.', 'Add the App Store id of the app.');
  }
  if (apple.maxDistance !== undefined && !apple.locations?.length) {
    add(
      '/apple/maxDistance',
      'maxDistance means nothing without locations.',
      'Add locations, or remove it.',
      'warning',
    );
  }
  if (extra['upcomingPassInformation'] !== undefined && !isPosterTicket) {
    const cure = 'Add "preferredStyleSchemes": ["posterEventTicket", "eventTicket"].';
    add('/apple/extra/upcomingPassInformation', 'Only poster event tickets show upcoming passes.', cure, 'warning');
  }
  checkActions(extra['featuredActions'], add);
}

function checkActions(actions: JsonValue | undefined, add: Add): void {
  const seen = new Set<JsonValue | undefined>();
  for (const [index, action] of (Array.isArray(actions) ? actions : []).entries()) {
    const { identifier, type, url } = objectOf(action);
    const path = pointer('apple', 'extra', 'featuredActions', index);
    if (seen.has(identifier))
      add(path, `The identifier ${JSON.stringify(identifier)} stands there twice.`, 'Give each its own.');
    seen.add(identifier);
    if (url === undefined && type !== 'place')
      add(path, 'The action has no url and does nothing.', 'Add "url".', 'warning');
    if (type === 'call' && typeof url === 'string' && !/^(?:tel:|\{\{)/.test(url)) {
      add(path, 'A call wants a telephone address.', 'Begin the url with tel:.', 'warning');
    }
  }
}
