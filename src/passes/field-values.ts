import {
  cleanJson,
  cleanText,
  decodeEntities,
  isBlank,
  isBlankText,
  isUnrendered,
  pointer,
  PROTOTYPE_KEYS,
} from '../common/clean-text.js';
import { tidyText } from '../common/tidy-text.js';
import { coerceValue } from './field-types.js';
import type { FieldProblem, FieldWarning } from './identifiers.js';
import { MOST_HINTS, nearest, nearestByWords } from '../common/nearest-name.js';
import type { JsonValue } from '../common/json.js';
import type { PassField } from './pass-type.js';

export interface CoerceOptions {
  /** `create` demands the required fields; `update` lets a null clear, and says of a blank that it changed nothing. */
  mode: 'update' | 'create';
  /** Keep keys that are no fields as custom data (pushUpdate's "fields and custom data to set"). */
  allowCustom?: boolean;
  /** JSON pointer of `data` in the request body. */
  base?: string;
  /** False for values that were read before, or that no template wrote: entities are decoded exactly once. Default true. */
  escaped?: boolean;
}
export interface CoercedFields {
  /** Values to set; null clears. Keys that stay as they are are missing. */
  values: Record<string, JsonValue>;
  /** Of required fields and of names that are no field: the request is refused. */
  problems: FieldProblem[];
  /** Of everything else: the value is left out, the rest is carried out. */
  warnings: FieldWarning[];
}

const MAX_CUSTOM_KEY = 255;

/** Tidies custom data, which has no type: texts are decoded once, lists and objects kept as they are. */
const customValue = (value: JsonValue, escaped: boolean): JsonValue =>
  typeof value === 'string' ? tidyText(escaped ? decodeEntities(value) : value) : cleanJson(value);

/** Whether a text is what a template leaves for nothing. Only texts have room for people called Null. */
function isNothing(text: string, field: PassField | undefined): boolean {
  const readable = decodeEntities(cleanText(text));
  return field === undefined || field.type === 'text' ? isBlankText(readable) : isBlank(readable);
}

/** Sets a property even where the key is `__proto__`-like; such keys never get here, but cost nothing to guard. */
const set = (target: Record<string, JsonValue>, key: string, value: JsonValue) =>
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });

/**
 * Reads data by the field types of a pass type, in the same way for all callers. A value that does not fit is dropped
 * with a warning if its field is optional, and refused if it is required. An empty template value means no change (on
 * create: absent); only a JSON null clears. Never throws.
 */
export function coerceFields(
  fields: readonly PassField[],
  data: Readonly<Record<string, JsonValue>>,
  options: CoerceOptions,
): CoercedFields {
  const { mode, allowCustom = false, escaped = true } = options;
  const { base = mode === 'create' ? '/pass' : '/additionalData' } = options;
  const byName = new Map(fields.map((field) => [field.apiFieldName, field]));
  const names = [...byName.keys()];
  const result: CoercedFields = { values: {}, problems: [], warnings: [] };
  const warn = (at: string, message: string) => result.warnings.push({ pointer: at, message });
  const refused = new Set<string>();
  let unknown = 0;
  let unnamed = 0;
  const leftOut = mode === 'create' ? 'was left out' : 'was left unchanged';

  for (const [key, raw] of Object.entries(data)) {
    const at = base + pointer(key);
    const field = byName.get(key);
    if (PROTOTYPE_KEYS.has(key)) {
      warn(at, `the key "${key}" is not allowed and was dropped`);
      continue;
    }
    if (!field) {
      const isOneOfMany = ++unknown > MOST_HINTS;
      const hint = isOneOfMany ? null : hintFor(key, fields, allowCustom);
      if (!allowCustom || cleanText(key) !== key || key.length > MAX_CUSTOM_KEY || key === '') {
        if (isOneOfMany) {
          unnamed++;
          continue;
        }
        const cure = hint ?? `the fields are ${names.join(', ') || '(none)'}`;
        result.problems.push({ pointer: at, message: `"${cleanText(key).slice(0, 100)}" is not a field`, cure });
        continue;
      }
      if (hint) warn(at, `"${key}" is not a field and was kept as custom data; ${hint}`);
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
    if (typeof raw === 'string' && isNothing(raw, field)) {
      if (mode === 'update') warn(at, `${key} is blank, so it was left unchanged; send null to clear it`);
      continue;
    }
    if (typeof raw === 'string' && isUnrendered(raw)) {
      warn(at, `${key} still holds a template tag and was ignored; check the spelling of the tag`);
      continue;
    }
    if (!field) {
      set(result.values, key, customValue(raw, escaped));
      continue;
    }
    const read = coerceValue(field, raw, escaped);
    if ('value' in read) set(result.values, key, read.value);
    else if (!field.required) warn(at, `${key}${read.message}, so it ${leftOut}: ${read.cure}`);
    else {
      refused.add(key);
      result.problems.push({ pointer: at, message: `${key}${read.message}`, cure: read.cure });
    }
  }

  if (unnamed > 0) {
    const message = `${unnamed} more names are not fields`;
    result.problems.push({ pointer: base, message, cure: 'send fields of the pass type only' });
  }
  if (mode === 'create') {
    for (const field of fields) {
      const name = field.apiFieldName;
      if (!field.required || field.default !== undefined || refused.has(name)) continue;
      if (Object.hasOwn(result.values, name)) continue;
      result.problems.push({
        pointer: base + pointer(name),
        message: `${name} is required and has no value`,
        cure: 'fill it for this profile, filter the flow, or let the design give the field a default',
      });
    }
  }
  return result;
}

/** The field that a name was probably meant to be: by a slip of the name, by its label, or by more words or fewer. */
function hintFor(key: string, fields: readonly PassField[], allowCustom: boolean): string | null {
  const names = fields.map(({ apiFieldName }) => apiFieldName);
  const wanted = key.trim().toLowerCase();
  const labelled = fields.find(({ label }) => label?.trim().toLowerCase() === wanted)?.apiFieldName;
  if (labelled) return `it is the label of "${labelled}": send that name`;
  // Custom data has names of its own: only a slip of a field's name is worth a warning there.
  const near = nearest(key, names) ?? (allowCustom ? null : nearestByWords(key, names));
  return near && `did you mean "${near}"?`;
}
