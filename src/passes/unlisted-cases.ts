import { pointer } from '../common/clean-text.js';
import { nearest } from '../common/nearest-name.js';
import type { JsonValue } from '../common/json.js';
import type { FieldWarning } from './identifiers.js';
import type { PassTypeDesign } from './pass-type.js';

type Choosing = Pick<PassTypeDesign, 'fields' | 'visuals'>;

/** Cases of the visuals that a field chooses. */
const casesOf = ({ visuals }: Choosing, name: string): string[] => [
  ...new Set(
    Object.values(visuals).flatMap((how) => ('from' in how && how.from === name ? Object.keys(how.cases) : [])),
  ),
];

/** The values that a design knows of a field: those that it allows, else its default and those that choose its look. */
export function knownValues(design: Choosing, name: string): string[] {
  const field = design.fields.find(({ apiFieldName }) => apiFieldName === name);
  if (field?.oneOf) return [...field.oneOf];
  const cases = casesOf(design, name);
  const preset = typeof field?.default === 'string' && cases.length > 0 ? [field.default] : [];
  return [...preset, ...cases].filter(
    (value, index, all) => all.findIndex((one) => one.toLowerCase() === value.toLowerCase()) === index,
  );
}

/** More would be a wall of words. */
const MOST_NAMED = 12;
const listed = (values: readonly string[]): string =>
  values.length > MOST_NAMED ? `${values.slice(0, MOST_NAMED).join(', ')} …` : values.join(', ');

/**
 * Warns of fields whose new value none of the visuals' cases names, so that their default is shown: mostly a misspelt
 * word. A value that the field lists (`oneOf`) or has by default was meant so.
 */
export function unlistedCases(
  design: Choosing,
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
    const cases = casesOf(design, name);
    // Named by one visual, it is no slip: the others fall to their default on purpose.
    if (cases.length === 0 || cases.some((one) => one.toLowerCase() === text.toLowerCase())) return [];
    const near = nearest(text, cases);
    const known = listed(knownValues(design, name));
    const message = `${name} "${text.slice(0, 40)}" is none of the known values (${known}), so the card keeps the look that it has by default`;
    return [{ pointer: base + pointer(name), message: near ? `${message}; did you mean "${near}"?` : message }];
  });
}
