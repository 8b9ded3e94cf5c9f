/** Designs are loose JSON here: faults are put into them freely. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

/** One fault of one rule: puts it into a design where it disturbs no other, and says where it must be named. */
export interface Fault {
  rule: string;
  put: (apple: Json, design: Json) => string;
  /** Phones bear it: a warning. */
  borne?: true;
}

const FIELDS = ['text', 'number', 'integer', 'boolean', 'date', 'datetime', 'url'].map((type) => ({
  apiFieldName: `a-${type}`,
  type,
}));
export const base = (apple: Json): Json => ({
  name: 'card',
  id: 'ptk_0x1',
  description: 'Card',
  organizationName: 'Kestrel',
  fields: FIELDS,
  visuals: { empty: { from: 'a-text', cases: { a: 'A' } }, code: { from: 'a-text', cases: { a: 'é' }, default: 'x' } },
  apple: {
    passTypeIdentifier: 'pass.com.example.card',
    primaryFields: [{ key: 'p', label: 'P', value: 'x' }],
    backFields: [],
    barcodes: [],
    images: { icon: 'icon' },
    localizations: { de: { strings: {}, images: {} } },
    extra: { semantics: {} },
    ...apple,
  },
});
export const FILES = [
  'icon.png',
  'icon@2x.png',
  'icon@3x.png',
  'Logo.png',
  'Logo@2x.png',
  'map.png',
  'map@2x.png',
  'one.png',
];

let key = 0;
export const back = (rule: string, at: string, more: object, borne?: true): Fault => ({
  rule,
  put: (apple) => {
    apple.backFields.push({ key: `b${key++}`, label: 'L', value: 'x', ...more });
    return `/apple/backFields/${apple.backFields.length - 1}${at}`;
  },
  ...(borne && { borne }),
});
export const own = (rule: string, name: string, value: unknown, at = '', borne?: true): Fault => ({
  rule,
  put: (apple) => {
    apple[name] = value;
    return `/apple/${name}${at}`;
  },
  ...(borne && { borne }),
});
export const extra = (rule: string, name: string, value: unknown, at = '', borne?: true): Fault => ({
  rule,
  put: (apple) => {
    apple.extra[name] = value;
    return `/apple/extra/${name}${at}`;
  },
  ...(borne && { borne }),
});
export const tag = (rule: string, name: string, value: unknown, at = '', borne?: true): Fault => ({
  rule,
  put: (apple) => {
    apple.extra.semantics[name] = value;
    return `/apple/extra/semantics/${name}${at}`;
  },
  ...(borne && { borne }),
});
export const place = (rule: string, more: object, at: string): Fault => ({
  rule,
  put: (apple) => {
    (apple.locations ??= []).push({ latitude: 1, longitude: 2, ...more });
    return `/apple/locations/${apple.locations.length - 1}${at}`;
  },
});
export const beacon = (rule: string, more: object, at: string): Fault => ({
  rule,
  put: (apple) => {
    (apple.beacons ??= []).push({ proximityUUID: 'E2C56DB5-DFFB-48D2-B060-D0F5A71096E0', ...more });
    return `/apple/beacons/${apple.beacons.length - 1}${at}`;
  },
});
export const day = (rule: string, entry: object, at: string, borne?: true): Fault => ({
  rule,
  put: (apple) => {
    (apple.relevantDates ??= []).push(entry);
    return `/apple/relevantDates/${apple.relevantDates.length - 1}${at}`;
  },
  ...(borne && { borne }),
});
export const code = (
  rule: string,
  format: string,
  message: string,
  at = '/message',
  more: object = {},
  borne?: true,
): Fault => ({
  rule,
  put: (apple) => {
    apple.barcodes.push({ format: `PKBarcodeFormat${format}`, message, ...more });
    return `/apple/barcodes/${apple.barcodes.length - 1}${at}`;
  },
  ...(borne && { borne }),
});
