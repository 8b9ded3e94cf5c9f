import { isJsonObject, type JsonValue } from '../../common/json.js';
import { languageTag, writtenLanguage } from '../../common/language-tag.js';
import { isEmptyText } from '../../common/tidy-text.js';
import { renderShownText, renderValue, zoneOf, type View } from '../../passes/render.js';
import { unfitBarcode } from './check-barcode.js';
import { fitScalar } from './scalar-values.js';
import { fieldType, shapeOf, type FieldType } from './schema.js';
import { AT_MOST, isShownField, lacksOf, ONE_ONLY, SHOWN_AT_MOST } from './schema-rules.js';

/** A part of a resource that was left out because Google would have refused all of it. */
export interface LeftOut {
  /** `object.loyaltyPoints.balance.int` */
  path: string;
  message: string;
}

/** As the operation shows it: with a JSON pointer into the pass type. */
export const asWarning = ({ path, message }: LeftOut): { pointer: string; message: string } => ({
  pointer: `/google/${path.replaceAll('.', '/')}`,
  message,
});

interface Walk {
  view: View;
  leaveOut(path: string, message: string): void;
  /** The value comes from a field and holds no placeholders of ours. */
  filled: boolean;
  dayAs: 'start' | 'end';
}

const excerpt = (value: JsonValue): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
};

/**
 * Fills the placeholders of a resource by Google's description of it. What has no value is left out; so is what a value
 * would break, and `leaveOut` is told: one bad value must not cost the rest of the object.
 */
export function renderResource(
  template: JsonValue,
  typeName: string,
  view: View,
  leaveOut: (part: LeftOut) => void,
): JsonValue | undefined {
  const walk: Walk = {
    view,
    leaveOut: (path, message) => leaveOut({ path, message }),
    filled: false,
    dayAs: 'start',
  };
  return renderType(template, typeName, 'object', walk);
}

function renderType(template: JsonValue, typeName: string, path: string, walk: Walk): JsonValue | undefined {
  const shape = shapeOf(typeName);
  const { value, filled } = fill(template, walk);
  if (value === undefined || !shape) return value;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    walk.leaveOut(path, `${excerpt(value)} is no object and was left out`);
    return undefined;
  }
  const out: Record<string, JsonValue> = {};
  const language =
    typeName === 'TranslatedString' ? fill(value['language'] ?? '', { ...walk, filled }).value : undefined;
  const view = inLanguage(walk.view, language);
  for (const [field, inner] of Object.entries(value)) {
    const type = fieldType(shape, field);
    const dayAs = typeName === 'TimeInterval' ? (field === 'end' ? 'end' : 'start') : walk.dayAs;
    const inside = { ...walk, filled, dayAs, view };
    if (type === undefined) {
      walk.leaveOut(`${path}.${field}`, `${typeName} has no field ${field}; it was left out`);
      continue;
    }
    const rendered = renderField(inner, type, { owner: typeName, field, path: `${path}.${field}` }, inside);
    if (rendered !== undefined) out[field] = rendered;
  }
  const empty = Object.keys(out).length === 0;
  for (const field of (ONE_ONLY[typeName] ?? []).filter((name) => name in out).slice(1)) {
    walk.leaveOut(`${path}.${field}`, 'only one of them may be set: this one was left out');
    delete out[field];
  }
  if (typeName === 'TimeInterval') leaveOutEarlyEnd(out, path, walk);
  if (typeName === 'TranslatedString' && 'value' in out)
    out['language'] ??= writtenLanguage(walk.view.times?.language ?? '');
  const unfit = typeName === 'Barcode' ? unfitBarcode(value, out, walk.view) : undefined;
  if (unfit !== undefined) {
    walk.leaveOut(path, `the barcode was left out: its value ${unfit}`);
    return undefined;
  }
  return empty || lacksOf(typeName, (field) => field in out).length > 0 ? undefined : out;
}

const inLanguage = (view: View, language: JsonValue | undefined): View =>
  typeof language === 'string' && languageTag(language) !== undefined && view.times
    ? { ...view, times: { ...view.times, language } }
    : view;

interface Place {
  owner: string;
  field: string;
  path: string;
}

function renderField(template: JsonValue, type: FieldType, place: Place, walk: Walk): JsonValue | undefined {
  const { owner, field, path } = place;
  if (type.array) {
    const { value, filled } = fill(template, walk);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      walk.leaveOut(path, `${excerpt(value)} is no list and was left out`);
      return undefined;
    }
    const items = value.flatMap((item, index) => {
      const rendered = renderField(
        item,
        { ...type, array: false },
        { ...place, path: `${path}.${index}` },
        { ...walk, filled },
      );
      return rendered === undefined ? [] : [rendered];
    });
    leaveOutTwice(items, path, walk);
    const most = AT_MOST[field] ?? Infinity;
    if (items.length > most) walk.leaveOut(path, `Google takes ${most} of them: those after it were left out`);
    const shown = SHOWN_AT_MOST[field] ?? Infinity;
    if (items.length > shown) walk.leaveOut(path, `phones show ${shown} of them: those after it are not seen`);
    return items.slice(0, most);
  }
  if (type.is === 'type') return renderType(template, type.name, path, walk);
  const { value: filled } = fill(template, walk, isShownField(owner, field));
  // Google answers without an empty text: one that is sent would look changed for ever.
  if (filled === undefined || filled === null || (typeof filled === 'string' && isEmptyText(filled))) return undefined;
  const isCode = `${owner}.${field}` === 'Money.currencyCode' && filled !== template && typeof filled === 'string';
  const value = isCode ? filled.trim().toUpperCase() : filled;
  const zone = walk.filled ? walk.view.times?.zone : zoneOf(template, walk.view);
  const fitted = fitScalar(value, type, { owner, field, zone, dayAs: walk.dayAs });
  if ('value' in fitted) return fitted.value;
  walk.leaveOut(path, `${excerpt(value)} ${fitted.refused}; it was left out`);
  return undefined;
}

/** Google refuses an interval that ends before it starts; without its end it says the start. */
function leaveOutEarlyEnd(interval: Record<string, JsonValue>, path: string, walk: Walk): void {
  const timeOf = (at: JsonValue | undefined): number =>
    Date.parse(String((at as Readonly<Record<string, JsonValue>> | undefined)?.['date']));
  if (!(timeOf(interval['end']) < timeOf(interval['start']))) return;
  walk.leaveOut(`${path}.end`, 'the end lies before the start; it was left out');
  delete interval['end'];
}

/** Two parts of one id: the second one keeps its text and loses the id, which Google takes once. */
function leaveOutTwice(items: readonly JsonValue[], path: string, walk: Walk): void {
  const seen = new Set<JsonValue>();
  for (const [index, item] of items.entries()) {
    const id = isJsonObject(item) ? item['id'] : undefined;
    if (id !== undefined && seen.has(id) && isJsonObject(item)) {
      walk.leaveOut(`${path}.${index}.id`, `the id ${excerpt(id)} appears there twice: this one was left out`);
      delete item['id'];
    } else if (id !== undefined) seen.add(id);
  }
}

/** One level of a template: objects and lists are filled member by member, further down. */
function fill(
  template: JsonValue,
  { view, filled }: Walk,
  shown = false,
): { value: JsonValue | undefined; filled: boolean } {
  if (filled || typeof template !== 'string') return { value: template, filled };
  const value = renderValue(template, view);
  return { value: shown && typeof value === 'string' ? renderShownText(template, view) : value, filled: true };
}
