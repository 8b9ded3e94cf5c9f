import {
  cleanJson,
  cleanText,
  decodeEntities,
  isBlank,
  isUnrendered,
  pointer,
  PROTOTYPE_KEYS,
} from '../common/clean-text.js';
import { coerceValue } from './field-types.js';
import type { FieldProblem, FieldWarning } from './identifiers.js';
import { nearest, nearestByWords } from '../common/nearest-name.js';
import type { JsonValue } from '../common/json.js';
import type { PassField } from './pass-type.js';

export interface CoerceOptions {
  /** `create` demands the required fields and refuses what it cannot read; `update` drops that with a warning. */
  mode: 'update' | 'create';
  /** Keep keys that are no fields as custom data (pushUpdate's "fields and custom data to set"). */
  allowCustom?: boolean;
  /** JSON pointer of `data` in the request body. */
  base?: string;
}
export interface CoercedFields {
  /** Values to set; null clears. Keys that stay as they are are missing. */
  values: Record<string, JsonValue>;
  problems: FieldProblem[];
  warnings: FieldWarning[];
}

const MAX_CUSTOM_KEY = 255;

/** Cleans custom data, which has no type: texts are decoded once, lists and objects kept as they are. */
const customValue = (value: JsonValue): JsonValue =>
  typeof value === 'string' ? cleanText(decodeEntities(value)) : cleanJson(value);

/** Sets a property even where the key is `__proto__`-like; such keys never get here, but cost nothing to guard. */
const set = (target: Record<string, JsonValue>, key: string, value: JsonValue) =>
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });

/**
 * Reads data by the types of a pass type's fields. Total: never throws, whatever JSON it gets.
 * Blank texts and `None` mean no change (on create: absent); a JSON null clears.
 */
export function coerceFields(
  fields: readonly PassField[],
  data: Readonly<Record<string, JsonValue>>,
  options: CoerceOptions,
): CoercedFields {
  const { mode, allowCustom = false, base = mode === 'create' ? '/pass' : '/additionalData' } = options;
  const byName = new Map(fields.map((field) => [field.apiFieldName, field]));
  const names = [...byName.keys()];
  const result: CoercedFields = { values: {}, problems: [], warnings: [] };
  const warn = (at: string, message: string) => result.warnings.push({ pointer: at, message });
  const refused = new Set<string>();

  for (const [key, raw] of Object.entries(data)) {
    const at = base + pointer(key);
    const field = byName.get(key);
    if (PROTOTYPE_KEYS.has(key)) {
      warn(at, `the key "${key}" is not allowed and was dropped`);
      continue;
    }
    if (!field) {
      // Custom data has names of its own: only a slip of a field's name is worth a warning there.
      const near = nearest(key, names) ?? (allowCustom ? null : nearestByWords(key, names));
      const hint = near ? `did you mean "${near}"?` : `the fields are ${names.join(', ') || '(none)'}`;
      if (!allowCustom || cleanText(key) !== key || key.length > MAX_CUSTOM_KEY || key === '') {
        result.problems.push({ pointer: at, message: `"${cleanText(key).slice(0, 100)}" is not a field`, cure: hint });
        continue;
      }
      if (near) warn(at, `"${key}" is not a field and was kept as custom data; ${hint}`);
    }
    if (raw === null) {
      if (mode === 'create') continue;
      if (field?.required) {
        refused.add(key);
        result.problems.push({
          pointer: at,
          message: `${key} is required and cannot be cleared`,
          cure: 'send a value',
        });
      } else set(result.values, key, null);
      continue;
    }
    if (typeof raw === 'string' && isBlank(cleanText(raw))) {
      if (mode === 'update') warn(at, `${key} is blank and was left as it is; send null to clear it`);
      continue;
    }
    if (typeof raw === 'string' && isUnrendered(raw)) {
      warn(at, `${key} still holds a template tag and was ignored; check the spelling of the tag`);
      continue;
    }
    if (!field) {
      set(result.values, key, customValue(raw));
      continue;
    }
    const read = coerceValue(field, raw);
    if ('value' in read) set(result.values, key, read.value);
    else if (mode === 'update' && read.unreadable)
      warn(at, `${key} ${read.message} and was left as it is: ${read.cure}`);
    else {
      refused.add(key);
      result.problems.push({ pointer: at, message: `${key} ${read.message}`, cure: read.cure });
    }
  }

  if (mode === 'create') {
    for (const field of fields) {
      const name = field.apiFieldName;
      if (!field.required || field.default !== undefined || refused.has(name)) continue;
      if (Object.hasOwn(result.values, name)) continue;
      result.problems.push({
        pointer: base + pointer(name),
        message: `${name} is required and has no value`,
        cure: `fill it for this profile, or give the tag a default: {{ …|default:'…' }}`,
      });
    }
  }
  return result;
}
