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
    const cases = new Set<string>();
    const falling = Object.entries(design.visuals).filter(([, visual]) => {
      if (!('from' in visual) || visual.from !== name) return false;
      const listed = Object.keys(visual.cases);
      for (const one of listed) cases.add(one);
      return !listed.some((one) => one.toLowerCase() === text.toLowerCase());
    });
    if (falling.length === 0) return [];
    const near = nearest(text, [...cases]);
    const visuals = named(falling.map(([visual]) => visual));
    const message = `${name} "${text.slice(0, 40)}" is no case of ${visuals}, which show their default`;
    return [{ pointer: base + pointer(name), message: near ? `${message}; did you mean "${near}"?` : message }];
  });
}
