import type { JsonValue } from '../common/json.js';
import { crowdedRows, frontGroups, isSquare, type FaceStyle } from '../wallets/apple/face-room.js';

type Json = Readonly<Record<string, JsonValue>>;

/** The two iPhones of a preview: one with the newest system, one with the oldest that opens the fallback. */
export const APPLE_SYSTEMS = ['iOS 27', 'iOS 18'] as const;
export type AppleSystem = (typeof APPLE_SYSTEMS)[number];

export const CLASSIC_STYLES = ['boardingPass', 'coupon', 'eventTicket', 'generic', 'storeCard'] as const;

/** Formats that every system in use can draw; the others came with iOS 27 (Apple, WWDC26 session 209). */
const OLD_FORMATS = ['PKBarcodeFormatQR', 'PKBarcodeFormatPDF417', 'PKBarcodeFormatAztec', 'PKBarcodeFormatCode128'];

export interface AppleFace {
  style: FaceStyle;
  groups: Record<string, Json[]>;
  /** Keys of fields that the file holds and the face does not. */
  unseen: string[];
  barcode: { format: string; message: string; altText: string } | null;
  /** Identifiers of the featured actions that have a button: two at most, from iOS 27 on. */
  actions: string[];
  /** Formats that this system passes over. */
  unknownFormats: string[];
}

/** What of a pass.json one system draws on the front. */
export function appleFace(passJson: Json, system: AppleSystem): AppleFace | null {
  const classic = CLASSIC_STYLES.find((style) => style in passJson);
  const style = system === 'iOS 27' && 'posterGeneric' in passJson ? 'posterGeneric' : classic;
  if (style === undefined) return null;
  const structure = passJson[style] as Json;
  const codes = (passJson['barcodes'] ?? []) as Json[];
  const known = (code: Json): boolean => system === 'iOS 27' || OLD_FORMATS.includes(String(code['format']));
  const code = codes.find(known);
  const fieldsOf = (group: string): Json[] => (structure[group] ?? []) as Json[];
  const crowds = crowdedRows(style, fieldsOf, isSquare(code && String(code['format'])));
  const unseen = new Set(crowds.flatMap((crowd) => crowd.unseen));
  const groups: Record<string, Json[]> = Object.fromEntries(
    frontGroups(style).map((group) => [group, fieldsOf(group).filter((field) => !unseen.has(field))]),
  );
  groups['backFields'] = (structure['backFields'] ?? []) as Json[];
  const actions = ((passJson['featuredActions'] ?? []) as Json[]).map(({ identifier }) => String(identifier));
  return {
    style,
    groups,
    unseen: [...unseen].map((field) => String(field['key'])),
    barcode: code
      ? { format: String(code['format']), message: String(code['message']), altText: String(code['altText'] ?? '') }
      : null,
    actions: system === 'iOS 27' ? actions.slice(0, 2) : [],
    unknownFormats: codes.filter((one) => !known(one)).map((one) => String(one['format'])),
  };
}
