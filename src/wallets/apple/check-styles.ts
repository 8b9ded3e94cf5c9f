import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { AppleDesign, PassTypeDesign } from '../../passes/pass-type.js';
import { fieldsOf } from './check-fields.js';
import { aStyle, type Add } from './design-problem.js';
import { objectOf, semanticFaces } from './face-needs.js';
import { EVENT_GUIDE_URLS, KEY_FACES, READ_SPELLINGS } from './rules/key-faces.js';
import { EVENT_TAGS, JOURNEY_TAGS } from './rules/semantic-tags.js';

/** What a style allows and which keys it shows. */
export function checkStyle(design: PassTypeDesign, add: Add): void {
  const apple = design.apple!;
  const { style, transitType } = apple;
  if (apple.additionalInfoFields && style !== 'eventTicket') {
    add('/apple/additionalInfoFields', `${aStyle(style)} has no additionalInfoFields.`, 'Move them to backFields.');
  }
  if (apple.additionalInfoFields?.length && style === 'eventTicket' && semanticFaces(apple).length === 0) {
    const cure = 'Add "preferredStyleSchemes": ["posterEventTicket", "eventTicket"], or move them to backFields.';
    add('/apple/additionalInfoFields', 'Only posters show additionalInfoFields.', cure, 'warning');
  }
  if (style === 'boardingPass' && !transitType) {
    add('/apple/transitType', 'A boardingPass needs a transitType.', 'Add one, such as "PKTransitTypeTrain".');
  }
  if (style !== 'boardingPass' && transitType) {
    add('/apple/transitType', `${aStyle(style)} has no transitType.`, 'Remove it, or make the style boardingPass.');
  }
  checkKeyFaces(apple, add);
  checkTwice(apple, add);
  checkTogether(apple, add);
  for (const [path, semantics] of semanticsOf(design)) checkTags(apple, semantics, path, add);
}

/** Every face of a design by its name: its style, its poster, its schemes. */
const facesOf = (apple: AppleDesign): readonly JsonValue[] => [
  apple.style,
  ...(apple.posterGeneric ? ['posterGeneric'] : []),
  ...semanticFaces(apple),
];

function checkKeyFaces(apple: AppleDesign, add: Add): void {
  const faces = facesOf(apple);
  const written = { ...apple.extra, ...(apple.groupingIdentifier !== undefined && { groupingIdentifier: '' }) };
  for (const key of Object.keys(written)) {
    const shows = Object.hasOwn(KEY_FACES, key) ? KEY_FACES[key]! : undefined;
    if (!shows || shows.some((face) => faces.includes(face))) continue;
    const at = Object.hasOwn(apple.extra, key) ? pointer('apple', 'extra', key) : pointer('apple', key);
    const cure = shows.some((face) => face.startsWith('poster') || face.startsWith('semantic'))
      ? `Add that face (posterGeneric, or its scheme to preferredStyleSchemes), or remove ${key}.`
      : 'Remove it.';
    add(at, `${aStyle(apple.style)} does not show ${key}; it is for ${shows.join(' and ')}.`, cure, 'warning');
  }
  const links = EVENT_GUIDE_URLS.filter((key) => Object.hasOwn(apple.extra, key));
  if (links.length === 1 && faces.includes('posterEventTicket')) {
    const message = 'The event guide shows its buttons from two links on.';
    add(pointer('apple', 'extra', links[0]!), message, 'Add a second link.', 'warning');
  }
}

/** A key of the design that is in `extra` as well: one of them would be lost. */
function checkTwice(apple: AppleDesign, add: Add): void {
  for (const key of Object.keys(apple.extra)) {
    if (!Object.hasOwn(apple, key) || (apple as unknown as Record<string, unknown>)[key] === undefined) continue;
    add(pointer('apple', 'extra', key), `"${key}" is in apple as well, and that one counts.`, 'Remove one of them.');
  }
}

/** Keys that mean something beside another one only. */
function checkTogether(apple: AppleDesign, add: Add): void {
  const { extra } = apple;
  const place = (key: 'appLaunchURL' | 'maxDistance' | 'relevantDate'): string | undefined => {
    if (apple[key] !== undefined) return pointer('apple', key);
    return extra[key] === undefined ? undefined : pointer('apple', 'extra', key);
  };
  const filled = (key: 'associatedStoreIdentifiers' | 'locations' | 'relevantDates'): boolean =>
    [apple[key], extra[key]].some((list) => Array.isArray(list) && list.length > 0);
  const app = place('appLaunchURL');
  if (app && !filled('associatedStoreIdentifiers')) {
    add(app, 'appLaunchURL needs associatedStoreIdentifiers.', 'Add the App Store id of the app.');
  }
  const distance = place('maxDistance');
  if (distance && !filled('locations')) {
    add(distance, 'maxDistance means nothing without locations.', 'Add locations, or remove it.', 'warning');
  }
  const day = place('relevantDate');
  if (day && !filled('relevantDates')) {
    const cure = 'Add the same day to relevantDates: [{ "date": … }].';
    add(day, 'relevantDate is for systems before iOS 18.', cure, 'warning');
  }
  if (extra['upcomingPassInformation'] !== undefined && !semanticFaces(apple).includes('posterEventTicket')) {
    const cure = 'Add "preferredStyleSchemes": ["posterEventTicket", "eventTicket"].';
    add('/apple/extra/upcomingPassInformation', 'Only poster event tickets show upcoming passes.', cure, 'warning');
  }
}

/** Every set of semantic tags with the pointer to it: the pass's own and those of its fields. */
function semanticsOf(
  design: PassTypeDesign,
): [path: string, semantics: Readonly<Record<string, JsonValue | undefined>>][] {
  return [
    ['/apple/extra/semantics', objectOf(design.apple!.extra['semantics'])],
    ...fieldsOf(design).map(({ path, field }): [string, ReturnType<typeof objectOf>] => [
      `${path}/semantics`,
      objectOf(field['semantics'] as JsonValue | undefined),
    ]),
  ];
}

/** Starts and ends that tags name. */
const SPANS = [
  ['eventStartDate', 'eventEndDate'],
  ...['venueOpenDate', 'venueDoorsOpenDate', 'venueGatesOpenDate'].map((open) => [open, 'venueCloseDate'] as const),
  ['originalBoardingDate', 'originalDepartureDate'],
  ['originalDepartureDate', 'originalArrivalDate'],
  ['currentBoardingDate', 'currentDepartureDate'],
  ['currentDepartureDate', 'currentArrivalDate'],
] as const;

function checkTags(
  { style }: AppleDesign,
  semantics: Readonly<Record<string, JsonValue | undefined>>,
  path: string,
  add: Add,
): void {
  for (const tag of Object.keys(semantics)) {
    const only = Object.hasOwn(EVENT_TAGS, tag)
      ? 'eventTicket'
      : Object.hasOwn(JOURNEY_TAGS, tag)
        ? 'boardingPass'
        : style;
    if (only !== style) {
      add(path + pointer(tag), `${aStyle(style)} does not show ${tag}; it is for ${only}.`, 'Remove it.', 'warning');
    }
    const read = Object.hasOwn(READ_SPELLINGS, tag) ? READ_SPELLINGS[tag]! : undefined;
    if (read && semantics[read] === undefined) {
      add(path + pointer(tag), `Phones read ${read} in place of ${tag}.`, `Write ${read} as well.`, 'warning');
    }
  }
  for (const [start, end] of SPANS) {
    if (!(Date.parse(String(semantics[end])) < Date.parse(String(semantics[start])))) continue;
    add(path + pointer(end), `${end} lies before ${start}.`, 'Exchange the two.', 'warning');
  }
}
