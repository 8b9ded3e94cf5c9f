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
