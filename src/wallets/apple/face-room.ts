import type { AppleDesign } from '../../passes/pass-type.js';

export type FaceStyle = AppleDesign['style'] | 'posterGeneric';

/** A row of the front: which fields are in it, and how many are seen (Apple, "PassFields" and the guides to each style). */
interface Row {
  groups: readonly string[];
  seen: number;
  /** Only fields with this `row`. */
  row?: 0 | 1;
}

const row = (groups: string, seen: number, of?: 0 | 1): Row => ({
  groups: groups.split(' '),
  seen,
  ...(of !== undefined && { row: of }),
});
const TOGETHER = row('secondaryFields auxiliaryFields', 4);

const ROOM: Readonly<Record<FaceStyle, readonly Row[]>> = {
  boardingPass: [row('headerFields', 3), row('primaryFields', 2), row('secondaryFields', 4), row('auxiliaryFields', 5)],
  coupon: [row('headerFields', 3), row('primaryFields', 1), TOGETHER],
  storeCard: [row('headerFields', 3), row('primaryFields', 1), TOGETHER],
  eventTicket: [
    row('headerFields', 3),
    row('primaryFields', 1),
    row('secondaryFields', 4),
    row('auxiliaryFields', 4, 0),
    row('auxiliaryFields', 4, 1),
  ],
  generic: [row('headerFields', 3), row('primaryFields', 1), row('secondaryFields', 4), row('auxiliaryFields', 4)],
  posterGeneric: [row('headerFields', 1), row('primaryFields', 4), row('footerFields', 1)],
};

const GENERIC_WITH_SQUARE_CODE = [row('headerFields', 3), row('primaryFields', 1), TOGETHER];

/** Codes beside which a generic pass has one row less. */
export const isSquare = (format: string | undefined): boolean =>
  format === 'PKBarcodeFormatQR' || format === 'PKBarcodeFormatAztec';

/** Groups of fields on the front of a style. */
export const frontGroups = (style: FaceStyle): string[] => [...new Set(ROOM[style].flatMap(({ groups }) => groups))];

export interface Crowd<Field> {
  /** The group of the first field without a place. */
  group: string;
  /** Groups that share the row. */
  groups: readonly string[];
  row?: 0 | 1;
  found: number;
  seen: number;
  unseen: Field[];
}

/** Rows of a front that hold more fields than are seen. What has no place stays in the file and is not drawn. */
export function crowdedRows<Field extends object>(
  style: FaceStyle,
  fieldsOf: (group: string) => readonly Field[],
  squareCode: boolean,
): Crowd<Field>[] {
  const rows = style === 'generic' && squareCode ? GENERIC_WITH_SQUARE_CODE : ROOM[style];
  return rows.flatMap(({ groups, seen, row: only }) => {
    const standing = groups.flatMap((group) =>
      fieldsOf(group)
        .filter((field) => only === undefined || (Number((field as { row?: unknown }).row) === 1 ? 1 : 0) === only)
        .map((field) => ({ group, field })),
    );
    if (standing.length <= seen) return [];
    const unseen = standing.slice(seen);
    return [
      {
        group: unseen[0]!.group,
        groups,
        ...(only !== undefined && { row: only }),
        found: standing.length,
        seen,
        unseen: unseen.map(({ field }) => field),
      },
    ];
  });
}
