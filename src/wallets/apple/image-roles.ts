import { APPLE_STYLES, type AppleDesign } from '../../passes/pass-type.js';
import { semanticFaces } from './face-needs.js';

type Points = readonly [width: number, height: number];

export interface ImageRole {
  /** Styles, schemes and `posterGeneric` that draw it. */
  faces: readonly string[];
  /** Its size in points; @2x and @3x multiply. */
  points?: Points;
  /** Smaller is right, too; otherwise phones scale and crop what has another size. */
  atMost?: true;
  /** Sizes that Apple published earlier and that still look right. */
  older?: readonly Points[];
}

/** Images of a pass (Apple's Pass Builder, and the Human Interface Guidelines for the older sizes). */
export const IMAGE_ROLES: Readonly<Record<string, ImageRole>> = {
  icon: { faces: [...APPLE_STYLES, 'posterGeneric'], points: [38, 38], older: [[29, 29]] },
  logo: { faces: APPLE_STYLES, points: [160, 50], atMost: true },
  primaryLogo: {
    faces: ['semanticBoardingPass', 'posterEventTicket', 'posterGeneric'],
    points: [126, 30],
    atMost: true,
  },
  secondaryLogo: { faces: ['posterEventTicket'], points: [135, 12], atMost: true },
  strip: {
    faces: ['coupon', 'storeCard', 'eventTicket'],
    points: [375, 144],
    older: [
      [375, 98],
      [375, 123],
    ],
  },
  thumbnail: { faces: ['eventTicket', 'generic'], points: [90, 90] },
  background: {
    faces: ['eventTicket', 'posterGeneric'],
    points: [345, 505],
    older: [
      [343, 503],
      [180, 220],
    ],
  },
  artwork: { faces: ['posterEventTicket', 'posterGeneric'], points: [358, 448] },
  footer: { faces: ['boardingPass'], points: [286, 15], atMost: true },
  venueMap: { faces: ['posterEventTicket'] },
  // Phones draw it while a reward card is personalised, which the product does not offer.
  personalizationLogo: { faces: [] },
};

export const roleNamed = (name: string): ImageRole | undefined =>
  Object.hasOwn(IMAGE_ROLES, name) ? IMAGE_ROLES[name] : undefined;

const inPoints = ([width, height]: Points): string => `${width} x ${height}`;

/** An image role in one line, for editors and tables: where it is drawn, and its size. */
export function describeRole({ faces, points, atMost, older = [] }: ImageRole): string {
  const where = faces.length === 0 ? 'Drawn nowhere' : `On ${faces.join(', ')}`;
  if (!points) return `${where}.`;
  const size = `${atMost ? 'At most ' : ''}${inPoints(points)} points`;
  const earlier = older.length === 0 ? '' : ` (earlier ${older.map(inPoints).join(' or ')})`;
  const [wide, high] = points;
  return `${where}. ${size}${earlier}: @2x ${inPoints([wide * 2, high * 2])}, @3x ${inPoints([wide * 3, high * 3])} pixels.`;
}

/** Whether any face of a design draws an image. */
export const isDrawn = (role: ImageRole, apple: AppleDesign): boolean =>
  role.faces.some(
    (face) =>
      face === apple.style ||
      (face === 'posterGeneric' && apple.posterGeneric !== undefined) ||
      (semanticFaces(apple) as string[]).includes(face),
  );

/** Why an image has the wrong size in points for its role; undefined where it fits. `cure` names the size for its scale. */
export function unfitSize(
  name: string,
  [width, height]: Points,
  scale: number,
): { says: string; cure: string } | undefined {
  const { points, atMost, older = [] } = roleNamed(name) ?? {};
  if (!points) return undefined;
  const [wide, high] = points.map((one) => one * scale) as [number, number];
  const isOne = [points, ...older].some(
    ([w, h]) => Math.abs(width - w * scale) < 1 && Math.abs(height - h * scale) < 1,
  );
  const fits = atMost
    ? width <= wide && height <= high
    : isOne || (name === 'thumbnail' && isThumbnail(width / scale, height / scale));
  if (fits) return undefined;
  return atMost
    ? { says: `phones scale it down to ${wide} x ${high}`, cure: `make it at most ${wide} x ${high} pixels.` }
    : { says: `phones scale and crop it to ${wide} x ${high}`, cure: `make it ${wide} x ${high} pixels.` };
}

/** Thumbnails of earlier guides: 60 to 90 points wide, in a shape between 2 to 3 and 3 to 2. */
const isThumbnail = (width: number, height: number): boolean =>
  width >= 60 && width <= 90 && height <= 90 && width / height >= 2 / 3 && width / height <= 3 / 2;
