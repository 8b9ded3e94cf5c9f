import { z } from 'zod';
import type { JsonValue } from '../common/json.js';
import { renderText } from './render.js';

const place = z.strictObject({
  /** Names the place in the field of visits. */
  id: z.string().regex(/^[\w.-]{1,64}$/, 'letters, digits, ".", "_" and "-", at most 64'),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  /** What the lock screen says there. */
  relevantText: z.string().max(200).optional(),
});
export type Place = z.infer<typeof place>;

export const placeList = z.array(place).max(50_000);

/** Places of the merchant, of which every pass carries those nearest to its customer. */
export const nearby = z.strictObject({
  /** The file with the list beside the images (`stores.json`), or the list itself. */
  places: z.union([z.string().regex(/^[\w-][\w.-]*\.json$/, 'the name of a .json file beside the images'), placeList]),
  /** The customer's point, as placeholders: `{{home-latitude}}`. */
  latitude: z.string(),
  longitude: z.string(),
  /** The field that lists visited places by id, separated by commas or blanks, as a placeholder; `*` means all. */
  visited: z.string().optional(),
});
export type Nearby = z.infer<typeof nearby>;

/** Wallets take so many places of one pass. */
export const MOST_PLACES = 10;

const EARTH_METRES = 6_371_000;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Metres between two points along the ground (haversine). */
export function distance(
  from: Pick<Place, 'latitude' | 'longitude'>,
  to: Pick<Place, 'latitude' | 'longitude'>,
): number {
  const high = Math.sin(radians(to.latitude - from.latitude) / 2) ** 2;
  const wide = Math.sin(radians(to.longitude - from.longitude) / 2) ** 2;
  const across = high + Math.cos(radians(from.latitude)) * Math.cos(radians(to.latitude)) * wide;
  return 2 * EARTH_METRES * Math.asin(Math.min(1, Math.sqrt(across)));
}

const coordinate = (text: string, most: number): number | undefined => {
  const number = text.trim() === '' ? NaN : Number(text);
  return Math.abs(number) <= most ? number : undefined;
};

/**
 * The places of one pass: those not visited, the nearest to the customer first, or in the order of the list where the
 * customer's point is not known.
 */
export function nearbyPlaces({ places, ...of }: Nearby, fields: Readonly<Record<string, JsonValue>>): Place[] {
  if (typeof places === 'string') return [];
  const said = (template: string): string => renderText(template, { fields, visuals: {}, pass: {} });
  const visited = new Set(of.visited === undefined ? [] : said(of.visited).split(/[\s,;]+/));
  if (visited.has('*')) return [];
  const left = places.filter(({ id }) => !visited.has(id));
  const [latitude, longitude] = [coordinate(said(of.latitude), 90), coordinate(said(of.longitude), 180)];
  if (latitude === undefined || longitude === undefined) return left.slice(0, MOST_PLACES);
  return left
    .map((one) => ({ one, metres: distance({ latitude, longitude }, one) }))
    .sort((a, b) => a.metres - b.metres)
    .slice(0, MOST_PLACES)
    .map(({ one }) => one);
}
