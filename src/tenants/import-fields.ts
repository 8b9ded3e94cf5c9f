import type { JsonObject } from '../common/json.js';
import type { FieldType, PassField } from '../passes/pass-type.js';

export type BundleKind = 'pass' | 'template';

/** A text of the back this long is the same for everybody: terms, an address. */
const STATIC_LENGTH = 60;

function fieldName(key: string, taken: ReadonlySet<string>): string {
  const plain =
    key
      .replace(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^[^A-Za-z]+/, '')
      .slice(0, 60) || 'field';
  let name = plain;
  for (let n = 2; taken.has(name); n++) name = `${plain}-${n}`;
  return name;
}

function typeOf(field: JsonObject): FieldType {
  const { value } = field;
  if (typeof value === 'number') return 'number';
  if ('dateStyle' in field || 'timeStyle' in field) return 'datetime';
  if (typeof value === 'string' && /^https?:\/\/\S+$/.test(value)) return 'url';
  return 'text';
}

/** Collects the fields of a pass type out of the fields of a bundle. */
export function fieldImport(kind: BundleKind, decisions: string[]) {
  const fields: PassField[] = [];
  const byKey = new Map<string, string>();

  /** The name of the pass type's field for a key; a poster that repeats a field of the classic face shares it. */
  function nameOf(field: JsonObject): string {
    const key = String(field['key'] ?? 'field');
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const { value, label } = field;
    const apiFieldName = fieldName(key, new Set(fields.map((one) => one.apiFieldName)));
    byKey.set(key, apiFieldName);
    fields.push({
      apiFieldName,
      ...(typeof label === 'string' && label !== '' && { label: label.slice(0, 100) }),
      type: typeOf(field),
      required: false,
    });
    // A sample value that became a default would one day be on the card of a customer without a value.
    const sample =
      kind === 'template' && String(value ?? '') !== '' ? ` (the template shows ${JSON.stringify(value)})` : '';
    decisions.push(
      `fields: ${apiFieldName}${sample} has no default; set one, or "required", or a "source" in Klaviyo.`,
    );
    return apiFieldName;
  }

  function importField(field: JsonObject, group: string): JsonObject {
    const { value, label, textAlignment, ...rest } = field;
    const key = String(field['key'] ?? 'field');
    const kept: JsonObject = { ...rest, key, ...(label !== undefined && { label: String(label) }) };
    if (textAlignment !== undefined && textAlignment !== 'PKTextAlignmentNatural')
      kept['textAlignment'] = textAlignment;
    if (kind === 'pass' && kept['semantics'] !== undefined) {
      delete kept['semantics'];
      decisions.push(`${key} had semantic tags of one holder: add them again with placeholders.`);
    }
    const text = String(value ?? '');
    if (group === 'backFields' && (text.length >= STATIC_LENGTH || text.includes('\n'))) {
      decisions.push(`${key} on the back keeps its text for everybody: make it a field if it differs.`);
      return { ...kept, value: text };
    }
    if (kept['attributedValue'] !== undefined) {
      delete kept['attributedValue'];
      decisions.push(`${key} had an attributedValue, which would show one holder's text to everybody: write it anew.`);
    }
    return { ...kept, value: `{{${nameOf(field)}}}` };
  }

  return { fields, importField };
}
