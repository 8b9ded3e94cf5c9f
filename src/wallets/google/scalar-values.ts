import { momentInZone } from '../../common/zoned-time.js';
import type { JsonValue } from '../../common/json.js';
import { unopenable } from '../../common/openable-address.js';
import type { FieldType } from './schema.js';
import { textForm } from './text-forms.js';

/** A value in the form that Google takes, or why it would be refused. */
export type Fitted = { value: JsonValue } | { refused: string };

export interface ScalarPlace {
  /** Type and field of the schema: `Uri.uri`. */
  owner: string;
  field: string;
  /** IANA zone of its days and times. */
  zone: string | undefined;
  dayAs: 'start' | 'end';
}

const HEX = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i;
const RGB = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/i;
/** Not `0x10` and its like, which are numbers to a program only. */
const DECIMAL = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;
const INT32 = 2 ** 31;

/** `#rrggbb` of a colour in Google's or in Apple's form; undefined where it is none. */
export function googleColour(text: string): string | undefined {
  const trimmed = text.trim();
  if (HEX.test(trimmed)) return trimmed;
  const parts = RGB.exec(trimmed)?.slice(1).map(Number);
  if (!parts?.every((part) => part <= 255)) return undefined;
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

const URI_FIELDS: ReadonlySet<string> = new Set([
  'Uri.uri',
  'ImageUri.uri',
  'ValueAddedModuleData.uri',
  'CallbackOptions.url',
]);
const DATE_FIELDS: ReadonlySet<string> = new Set(['DateTime.date', 'RotatingBarcodeValues.startDateTime']);

export const isUriField = ({ owner, field }: Pick<ScalarPlace, 'owner' | 'field'>): boolean =>
  URI_FIELDS.has(`${owner}.${field}`);
export const isDateField = ({ owner, field }: Pick<ScalarPlace, 'owner' | 'field'>): boolean =>
  DATE_FIELDS.has(`${owner}.${field}`);

const known = (place: ScalarPlace, text: string): Fitted => {
  if (place.field === 'hexBackgroundColor') {
    const colour = googleColour(text);
    return colour === undefined ? { refused: 'is no colour: write #rrggbb' } : { value: colour };
  }
  if (isDateField(place)) {
    const moment = momentInZone(text, place.zone ?? 'UTC', place.dayAs);
    return moment === undefined ? { refused: 'is no date: write 2026-12-31 or 2026-12-31T18:30' } : { value: moment };
  }
  if (isUriField(place)) {
    const unfit = unopenable(text);
    if (place.owner === 'ImageUri' && unfit !== 'incomplete' && !/^https?:/i.test(text)) {
      return { refused: 'is no address that Google can load an image from: begin it with https://' };
    }
    if (unfit === 'incomplete') {
      return { refused: 'is no full address: begin it with https:// and leave out blanks' };
    }
    if (unfit) {
      return { refused: 'is no address that phones open: begin it with https://, tel: or mailto:' };
    }
    return { value: text };
  }
  const form = textForm(place.owner, place.field);
  if (form && !form.fits(text)) return { refused: `${form.refused}: ${form.cure}` };
  return { value: text };
};

const numberOf = (value: JsonValue): number => {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : NaN;
};

/** A whole number of 64 bits in the one form in which Google answers it: `0012` and `12.0` are 12. */
function int64Of(value: JsonValue): string | undefined {
  const text = String(value).trim();
  const number = numberOf(value);
  if (!/^-?\d{1,40}$/.test(text)) return Number.isSafeInteger(number) ? String(BigInt(number)) : undefined;
  return BigInt.asIntN(64, BigInt(text)) === BigInt(text) ? String(BigInt(text)) : undefined;
}

const BOUNDS: Readonly<Record<string, number>> = { latitude: 90, longitude: 180 };

/** Brings a value into the form of its place in Google's description. */
export function fitScalar(value: JsonValue, type: Exclude<FieldType, { is: 'type' }>, place: ScalarPlace): Fitted {
  if (typeof value === 'object') return { refused: 'is a list or an object where one value belongs' };
  switch (type.is) {
    case 'enum': {
      const spelled = String(value).replaceAll('_', '').toUpperCase();
      const name = type.names.find((one) => one.replaceAll('_', '') === spelled);
      return name === undefined ? { refused: `is none of ${type.names.join(', ')}` } : { value: name };
    }
    case 'boolean': {
      const word = String(value).toLowerCase();
      return word === 'true' || word === 'false'
        ? { value: word === 'true' }
        : { refused: 'is neither true nor false' };
    }
    case 'int32': {
      const number = numberOf(value);
      return Number.isInteger(number) && number >= -INT32 && number < INT32
        ? { value: number }
        : { refused: 'is no whole number between -2147483648 and 2147483647' };
    }
    case 'int64': {
      const whole = int64Of(value);
      return whole === undefined ? { refused: 'is no whole number of 64 bits' } : { value: whole };
    }
    case 'double': {
      const number = numberOf(value);
      const bound = BOUNDS[place.field] ?? Infinity;
      return Number.isFinite(number) && Math.abs(number) <= bound
        ? { value: number }
        : { refused: bound === Infinity ? 'is no number' : `is no number between -${bound} and ${bound}` };
    }
    case 'string':
      // proto JSON refuses a number where the description says string.
      return known(place, String(value));
  }
}
