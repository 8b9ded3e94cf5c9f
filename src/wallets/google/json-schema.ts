import { GOOGLE_TYPES } from '../../passes/pass-type.js';
import { isDateField, isUriField } from './scalar-values.js';
import { fieldType, schemaName, shapeOf, type FieldType } from './schema.js';
import { AT_MOST } from './schema-rules.js';
import { textForm } from './text-forms.js';

type Schema = Record<string, unknown>;

/** A text with a placeholder stands for a value of any type. */
const PLACEHOLDER: Schema = { type: 'string', pattern: '\\{\\{' };
const orPlaceholder = (schema: Schema): Schema => ({ anyOf: [schema, PLACEHOLDER] });

function scalar(type: Exclude<FieldType, { is: 'type' }>, owner: string, field: string): Schema {
  switch (type.is) {
    case 'enum':
      return orPlaceholder({ enum: [...type.names] });
    case 'boolean':
      return orPlaceholder({ type: 'boolean' });
    case 'int32':
      return orPlaceholder({ type: 'integer' });
    case 'int64':
      return orPlaceholder({ type: ['string', 'integer'], pattern: '^-?\\d{1,19}$' });
    case 'double':
      return orPlaceholder({ type: 'number' });
    case 'string': {
      if (field === 'hexBackgroundColor') {
        return orPlaceholder({ type: 'string', pattern: '^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$' });
      }
      if (isUriField({ owner, field }))
        return orPlaceholder({ type: 'string', pattern: '^[A-Za-z][A-Za-z0-9+.-]*:\\S+$' });
      if (isDateField({ owner, field })) {
        return orPlaceholder({ type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}(?:[T ]\\d{2}:\\d{2}.*)?$' });
      }
      const form = textForm(owner, field);
      return form?.pattern === undefined
        ? { type: 'string' }
        : orPlaceholder({ type: 'string', pattern: form.pattern });
    }
  }
}

const refOf = (name: string): Schema => ({ $ref: `#/$defs/google${name}` });

/**
 * Google's description as JSON Schema for editors: `definitions` by name, and for each type of a design the rule for its
 * class and object.
 */
export function googleSchemas(): { definitions: Record<string, Schema>; rules: Schema[] } {
  const definitions: Record<string, Schema> = {};
  const define = (name: string): Schema => {
    if (Object.hasOwn(definitions, `google${name}`)) return refOf(name);
    const properties: Record<string, Schema> = {};
    definitions[`google${name}`] = { type: 'object', properties, additionalProperties: false };
    const shape = shapeOf(name)!;
    for (const field of Object.keys(shape)) {
      const type = fieldType(shape, field)!;
      const one = type.is === 'type' ? define(type.name) : scalar(type, name, field);
      const most = AT_MOST[field];
      properties[field] = type.array
        ? { type: 'array', items: one, ...(most !== undefined && { maxItems: most }) }
        : one;
    }
    return refOf(name);
  };
  const rules = GOOGLE_TYPES.map((type) => ({
    if: { properties: { type: { const: type } }, required: ['type'] },
    then: {
      properties: {
        class: define(schemaName(`${type}Class`)),
        object: define(schemaName(`${type}Object`)),
      },
    },
  }));
  return { definitions, rules };
}
