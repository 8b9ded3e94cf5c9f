import type { JsonValue } from '../../common/json.js';
import type { AppleDesign } from '../../passes/pass-type.js';

type Json = Readonly<Record<string, JsonValue | undefined>>;

/** Faces that are drawn from semantic tags, each with the classic style behind it. */
export const SEMANTIC_FACES = {
  posterEventTicket: { style: 'eventTicket', said: 'poster event ticket' },
  semanticBoardingPass: { style: 'boardingPass', said: 'semantic boarding pass' },
} as const;
export type SemanticFace = keyof typeof SEMANTIC_FACES;

export const objectOf = (value: JsonValue | undefined): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

/** The schemes of `preferredStyleSchemes`, best first. */
export const schemesOf = (extra: Json): readonly JsonValue[] => {
  const schemes = extra['preferredStyleSchemes'];
  return Array.isArray(schemes) ? schemes : [];
};

/** The faces of newer systems that a design asks for and that come before its own style. */
export const semanticFaces = ({ style, extra }: Pick<AppleDesign, 'style' | 'extra'>): SemanticFace[] =>
  (Object.keys(SEMANTIC_FACES) as SemanticFace[]).filter(
    (face) => SEMANTIC_FACES[face].style === style && schemesOf(extra).includes(face),
  );

/** Whether a tag says nothing: absent, blank, or a list or an object of such. */
function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === 'string') return value.trim() === '';
  if (Array.isArray(value)) return value.every(isEmpty);
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}

const lacks = (semantics: Json, tag: string): boolean => {
  if (tag !== 'passengerName') return isEmpty(semantics[tag]);
  const { phoneticRepresentation: _, ...name } = objectOf(semantics[tag]);
  return isEmpty(name as JsonValue);
};

const BOARDING = [
  ...['airlineCode', 'flightNumber', 'departureAirportCode', 'destinationAirportCode', 'passengerName'],
  ...['originalDepartureDate', 'originalBoardingDate', 'originalArrivalDate'],
];
const zonesOf = (end: string): string[] => [`${end}AirportTimeZone`, `${end}LocationTimeZone`];

export interface MissingTag {
  tag: string;
  /** Without it phones show the classic face; otherwise they show less. */
  needed: boolean;
}

/** Tags that a face needs or expects and that are not there (Apple's validator and the guides to both faces). */
export function missingTags(face: SemanticFace, semantics: Json): MissingTag[] {
  const missing = (needed: boolean, tags: readonly string[]): MissingTag[] =>
    tags.filter((tag) => lacks(semantics, tag)).map((tag) => ({ tag, needed }));
  if (face === 'posterEventTicket') {
    const { eventType } = semantics;
    return [
      ...missing(true, ['eventName', 'venueName']),
      ...(eventType === 'PKEventTypeSports' ? missing(true, ['awayTeamAbbreviation', 'homeTeamAbbreviation']) : []),
      ...(eventType === 'PKEventTypeLivePerformance'
        ? [...missing(true, ['performerNames']), ...missing(false, ['artistIDs'])]
        : []),
      ...missing(false, ['venueRegionName', 'venueRoom', 'eventStartDate', 'seats']),
    ];
  }
  const zones = missing(true, zonesOf('departure'));
  return [
    ...missing(true, BOARDING),
    ...zones.map(({ tag }) => ({ tag, needed: zones.length === 2 })),
    ...missing(false, [...zonesOf('destination'), 'departureCityName', 'destinationCityName', 'seats']),
  ];
}
