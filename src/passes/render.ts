import type { JsonValue } from '../common/json.js';
import { readableTime } from '../common/zoned-time.js';
import type { Place } from './nearby.js';
import type { FieldType } from './pass-type.js';

/** Everything a placeholder can name: `{{tier}}`, `{{visual.background}}`, `{{pass.serialNumber}}`. */
export interface View {
  fields: Readonly<Record<string, JsonValue>>;
  visuals: Readonly<Record<string, string>>;
  pass: Readonly<Record<string, string>>;
  /** The places nearest to the customer that were not visited, where the design has a list of them. */
  places?: () => Place[];
  /** What is known of days and times; without it they are UTC. */
  times?: Times;
}

/** How days and times of a pass are read and written. */
export interface Times {
  /** IANA zone of days and times that have none of their own: the customer's or the tenant's. */
  zone: string | undefined;
  /** IANA zones of single fields, by name. */
  zones: Readonly<Record<string, string>>;
  /** Types of the fields, by name. */
  types: Readonly<Record<string, FieldType>>;
  /** BCP 47 tag of the texts of the pass. */
  language: string;
}

const PLACEHOLDER = /\{\{\s*([A-Za-z][\w.-]*)\s*\}\}/g;
const SINGLE = /^\{\{\s*([A-Za-z][\w.-]*)\s*\}\}$/;

const own = (from: Readonly<Record<string, JsonValue>>, key: string): JsonValue | undefined =>
  Object.hasOwn(from, key) ? from[key] : undefined;

/** The value that a placeholder names, or undefined where there is none. */
export function lookup(name: string, view: View): JsonValue | undefined {
  if (name.startsWith('visual.')) return own(view.visuals, name.slice(7));
  if (name.startsWith('pass.')) return own(view.pass, name.slice(5));
  return own(view.fields, name);
}

const asText = (value: JsonValue | undefined): string =>
  value == null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Fills placeholders in one text; an absent value leaves an empty place. */
export const renderText = (template: string, view: View): string =>
  template.replace(PLACEHOLDER, (_, name: string) => asText(lookup(name, view)));

/** Whether a text is nothing but placeholders, blanks between them, and none of them has a value: `{{first}} {{last}}`. */
const isOnlyFrame = (template: string, view: View): boolean =>
  template.includes('{{') && template.trim() !== '' && renderText(template, view).trim() === '';

/**
 * The same for a text that people read: days and times of fields are written in the pass's language. `escape` is for texts
 * in which some signs of a value would mean something.
 */
export const renderShownText = (template: string, view: View, escape = (value: string): string => value): string =>
  template.replace(PLACEHOLDER, (_, name: string) => escape(asText(shown(name, view))));

/** Whether a text is one placeholder and nothing else: its value is the whole text. */
export const isSolePlaceholder = (template: string): boolean => SINGLE.test(template);

function shown(name: string, view: View): JsonValue | undefined {
  const value = lookup(name, view);
  const type = view.times && own(view.times.types, name);
  if (typeof value !== 'string' || (type !== 'date' && type !== 'datetime')) return value;
  return readableTime(value, { language: view.times!.language, zone: zoneOf(`{{${name}}}`, view) });
}

/**
 * The zone of the days and times in a template: that of the first field with one, else that of its place, else that of
 * the pass.
 */
export function zoneOf(template: JsonValue | undefined, view: View, ofPlace?: string): string | undefined {
  const { zones = {}, zone } = view.times ?? {};
  const own = placeholders(template).find((name) => Object.hasOwn(zones, name));
  return own === undefined ? (ofPlace ?? zone) : zones[own];
}

/**
 * Fills placeholders in any JSON value. A text that is one placeholder keeps the value's own JSON type;
 * where the value is absent the property (or array element) is left out: hence undefined.
 */
export function renderValue(template: JsonValue, view: View): JsonValue | undefined {
  if (typeof template === 'string') {
    const single = SINGLE.exec(template);
    if (single) return lookup(single[1]!, view) ?? undefined;
    return isOnlyFrame(template, view) ? undefined : renderText(template, view);
  }
  if (Array.isArray(template)) {
    return template.map((item) => renderValue(item, view)).filter((item) => item !== undefined);
  }
  if (template !== null && typeof template === 'object') {
    const out: Record<string, JsonValue> = {};
    for (const [key, value] of Object.entries(template)) {
      const rendered = renderValue(value, view);
      if (rendered !== undefined) out[key] = rendered;
    }
    return out;
  }
  return template;
}

/** Names of all placeholders in a JSON value, each once. */
export function placeholders(template: JsonValue | undefined): string[] {
  const found = new Set<string>();
  for (const match of JSON.stringify(template ?? null).matchAll(PLACEHOLDER)) found.add(match[1]!);
  return [...found];
}
