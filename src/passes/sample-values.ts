import type { JsonValue } from '../common/json.js';
import type { PassField } from './pass-type.js';

const BY_TYPE: Readonly<Record<PassField['type'], JsonValue>> = {
  text: 'Test',
  number: 12.5,
  integer: 120,
  boolean: true,
  date: '2030-01-31',
  datetime: '2030-01-31T12:00:00Z',
  url: 'https://example.com/test',
};

/** A value of each field for a pass that only tests: its default, the first that it allows, or one of its type. */
export const sampleValues = (fields: readonly PassField[]): Record<string, JsonValue> =>
  Object.fromEntries(
    fields.map((field) => [field.apiFieldName, field.default ?? firstAllowed(field) ?? BY_TYPE[field.type]]),
  );

/** The first value of a field that allows listed ones only. */
export const firstAllowed = (field: PassField): JsonValue | undefined =>
  'oneOf' in field && Array.isArray(field.oneOf) ? (field.oneOf[0] as JsonValue | undefined) : undefined;
