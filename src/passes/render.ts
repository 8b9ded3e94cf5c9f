import type { JsonValue } from '../common/json.js';

/** Everything a placeholder can name: `{{tier}}`, `{{visual.background}}`, `{{pass.serialNumber}}`. */
export interface View {
  fields: Readonly<Record<string, JsonValue>>;
  visuals: Readonly<Record<string, string>>;
  pass: Readonly<Record<string, string>>;
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

/** Fills placeholders in one text; an absent value leaves an empty place. */
export function renderText(template: string, view: View): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    const value = lookup(name, view);
    return value == null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  });
}

/**
 * Fills placeholders in any JSON value. A text that is one placeholder keeps the value's own JSON type;
 * where the value is absent the property (or array element) is left out: hence undefined.
 */
export function renderValue(template: JsonValue, view: View): JsonValue | undefined {
  if (typeof template === 'string') {
    const single = SINGLE.exec(template);
    return single ? (lookup(single[1]!, view) ?? undefined) : renderText(template, view);
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
