import type { JsonValue } from '../common/json.js';

/** `points=5` is read by the field's type; `points:=null` and `tags:=["a"]` are JSON. */
export function readAssignments(assignments: readonly string[]): Record<string, JsonValue> {
  const entries = assignments.map((text): [string, JsonValue] => {
    const [, name, isJson, value] = /^([^=:]+)(:?)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new Error(`--set takes field=value, not "${text}".`);
    if (!isJson) return [name, value];
    try {
      return [name, JSON.parse(value) as JsonValue];
    } catch {
      throw new Error(`--set ${name}:= takes JSON; ${value} is none. Write ${name}=${value} for a text.`);
    }
  });
  return Object.fromEntries(entries);
}

/** `Ready` is a text; `{"en": "Ready", "de": "Fertig"}` is one for each language. */
export function readLocalized(text: string, option: string): JsonValue {
  if (!/^\s*\{\s*"/.test(text)) return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new Error(`--${option} begins like JSON, and is none. Write --${option} '{"en": "…", "de": "…"}' or a text.`);
  }
}
