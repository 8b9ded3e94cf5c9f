import { coerceFields } from './field-values.js';
import type { FieldWarning } from './identifiers.js';
import type { JsonValue } from '../common/json.js';
import type { PassTypeDesign } from './pass-type.js';

export interface ConvertedData {
  data: Record<string, JsonValue>;
  /** Values that optional fields of the target cannot take: they are gone from the pass. */
  warnings: FieldWarning[];
  problems: { pointer: string; message: string; cure: string }[];
}

/**
 * Converts a pass's data to another design. Fields that the target lacks are kept as custom data, so a conversion
 * back finds them. An optional value that does not fit is dropped; a required one that is missing or does not fit is
 * a problem. `coming` is what the same operation writes next: what would be refused then is a problem now, so that no
 * pass is half converted.
 */
export function convertData(
  target: Pick<PassTypeDesign, 'fields'>,
  data: Readonly<Record<string, JsonValue>>,
  coming: Readonly<Record<string, JsonValue>>,
): ConvertedData {
  const kept = coerceFields(target.fields, { ...data }, { mode: 'update', allowCustom: true, escaped: false });
  const written = coerceFields(target.fields, { ...coming }, { mode: 'update', allowCustom: true });
  const overwritten = new Set(Object.keys(written.values));
  const named = new Set(written.problems.map(({ pointer }) => pointer));
  const problems = kept.problems.filter(
    ({ pointer }) => !named.has(pointer) && !overwritten.has(pointer.split('/').pop() ?? ''),
  );
  problems.push(...written.problems);
  const after: Record<string, JsonValue | null> = { ...data, ...kept.values };
  for (const field of target.fields) {
    // What has the name of a field, in whatever type: the target's design shows it as one of its own.
    if (!Object.hasOwn(kept.values, field.apiFieldName)) after[field.apiFieldName] = null;
    if (after[field.apiFieldName] == null && field.default !== undefined) after[field.apiFieldName] = field.default;
    const value = overwritten.has(field.apiFieldName) ? written.values[field.apiFieldName] : after[field.apiFieldName];
    if (field.required && value == null) {
      problems.push({
        pointer: `/additionalData/${field.apiFieldName}`,
        message: `The pass type needs ${field.apiFieldName}, which the pass does not have.`,
        cure: `Send ${field.apiFieldName} in additionalData of the same request.`,
      });
    }
  }
  const present = Object.entries(after).filter((entry): entry is [string, JsonValue] => entry[1] != null);
  const warnings = kept.warnings.filter(({ pointer }) => !overwritten.has(pointer.split('/').pop() ?? ''));
  return { data: Object.fromEntries(present), warnings, problems };
}
