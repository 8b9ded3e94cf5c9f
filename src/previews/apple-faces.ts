import type { JsonValue } from '../common/json.js';

type Json = Readonly<Record<string, JsonValue>>;

/** The two iPhones of a preview: one with the newest system, one with the oldest that opens the fallback. */
export const APPLE_SYSTEMS = ['iOS 27', 'iOS 18'] as const;
export type AppleSystem = (typeof APPLE_SYSTEMS)[number];

export const CLASSIC_STYLES = ['boardingPass', 'coupon', 'eventTicket', 'generic', 'storeCard'] as const;
export type ClassicStyle = (typeof CLASSIC_STYLES)[number];
export type FaceStyle = ClassicStyle | 'posterGeneric';

/** Formats that every system in use can draw; the others came with iOS 27 (Apple, WWDC26 session 209). */
const OLD_FORMATS = ['PKBarcodeFormatQR', 'PKBarcodeFormatPDF417', 'PKBarcodeFormatAztec', 'PKBarcodeFormatCode128'];

/**
 * How many fields of each group stand on the face (Apple, "PassFields" and the guides to each style). What is beyond
 * stays in the file and is not drawn.
 */
const ROOM: Readonly<Record<FaceStyle, Readonly<Record<string, number>>>> = {
  boardingPass: { headerFields: 3, primaryFields: 2, secondaryFields: 4, auxiliaryFields: 5 },
  coupon: { headerFields: 3, primaryFields: 1, secondaryFields: 4, auxiliaryFields: 4 },
  storeCard: { headerFields: 3, primaryFields: 1, secondaryFields: 4, auxiliaryFields: 4 },
  eventTicket: { headerFields: 3, primaryFields: 1, secondaryFields: 4, auxiliaryFields: 8 },
  generic: { headerFields: 3, primaryFields: 1, secondaryFields: 4, auxiliaryFields: 4 },
  posterGeneric: { headerFields: 1, primaryFields: 4, secondaryFields: 0, auxiliaryFields: 0, footerFields: 1 },
};
/** Styles whose secondary and auxiliary fields share one row of four. */
const SHARED_ROW: readonly FaceStyle[] = ['coupon', 'storeCard'];

export interface AppleFace {
  style: FaceStyle;
  groups: Record<string, Json[]>;
  /** Keys of fields that the file holds and the face does not. */
  unseen: string[];
  barcode: { format: string; message: string; altText: string } | null;
  /** Formats that this system passes over. */
  unknownFormats: string[];
}

/** What of a pass.json one system draws on the front. */
export function appleFace(passJson: Json, system: AppleSystem): AppleFace | null {
  const classic = CLASSIC_STYLES.find((style) => style in passJson);
  const style = system === 'iOS 27' && 'posterGeneric' in passJson ? 'posterGeneric' : classic;
  if (style === undefined) return null;
  const structure = passJson[style] as Json;
  const room = ROOM[style];
  const groups: Record<string, Json[]> = {};
  const unseen: string[] = [];
  let shared = 4;
  for (const [group, most] of Object.entries(room)) {
    const fields = (structure[group] ?? []) as Json[];
    const isShared = SHARED_ROW.includes(style) && (group === 'secondaryFields' || group === 'auxiliaryFields');
    const fits = isShared ? Math.min(most, shared) : most;
    groups[group] = fields.slice(0, fits);
    if (isShared) shared -= groups[group].length;
    unseen.push(...fields.slice(fits).map((field) => String(field['key'])));
  }
  groups['backFields'] = (structure['backFields'] ?? []) as Json[];
  const codes = (passJson['barcodes'] ?? []) as Json[];
  const known = (code: Json): boolean => system === 'iOS 27' || OLD_FORMATS.includes(String(code['format']));
  const code = codes.find(known);
  return {
    style,
    groups,
    unseen,
    barcode: code
      ? { format: String(code['format']), message: String(code['message']), altText: String(code['altText'] ?? '') }
      : null,
    unknownFormats: codes.filter((one) => !known(one)).map((one) => String(one['format'])),
  };
}
