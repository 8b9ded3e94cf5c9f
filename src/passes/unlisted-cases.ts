import { pointer } from '../common/clean-text.js';
import { nearest } from '../common/nearest-name.js';
import type { JsonValue } from '../common/json.js';
import type { FieldWarning } from './identifiers.js';
import type { PassTypeDesign } from './pass-type.js';

const named = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/**
 * Warns of fields whose new value none of the visuals' cases names, so that their default is shown: mostly a misspelt
 * word. A value that the field lists (`oneOf`) or has by default was meant so.
 */
export function unlistedCases(
  design: Pick<PassTypeDesign, 'fields' | 'visuals'>,
  fields: Readonly<Record<string, JsonValue>>,
  changedFields: readonly string[],
  base = '/additionalData',
): FieldWarning[] {
  return changedFields.flatMap((name) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : null;
    const field = design.fields.find(({ apiFieldName }) => apiFieldName === name);
    if (value == null || typeof value === 'object') return [];
    const text = String(value);
    if (field?.oneOf?.includes(text) || String(field?.default ?? '') === text) return [];
    const choosing = Object.entries(design.visuals).flatMap(([visual, how]) =>
      'from' in how && how.from === name ? [{ visual, cases: Object.keys(how.cases) }] : [],
    );
    const cases = choosing.flatMap((one) => one.cases);
    // Named by one visual, it is no slip: the others fall to their default on purpose.
    if (choosing.length === 0 || cases.some((one) => one.toLowerCase() === text.toLowerCase())) return [];
    const near = nearest(text, cases);
    const visuals = named(choosing.map(({ visual }) => visual));
    const message = `${name} "${text.slice(0, 40)}" is no case of ${visuals}, which show their default`;
    return [{ pointer: base + pointer(name), message: near ? `${message}; did you mean "${near}"?` : message }];
  });
}
