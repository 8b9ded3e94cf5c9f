import type { GoogleDesign } from '../../passes/pass-type.js';
import { ENUMS } from './schema-enums.js';
import { RESOURCE_TYPES } from './schema-resources.js';
import { SHARED_TYPES, type Shape } from './schema-shared.js';

export type GoogleType = GoogleDesign['type'];
export type GoogleResourceKind = `${GoogleType}${'Class' | 'Object'}`;

/** What a field of the schema holds: a scalar, one of an enum's names, or another type; maybe many of them. */
export type FieldType = { array: boolean } & (
  | { is: 'string' | 'boolean' | 'int32' | 'int64' | 'double' }
  | { is: 'enum'; names: readonly string[] }
  | { is: 'type'; name: string; shape: Shape }
);

/** Name of the schema type of a resource: `loyaltyClass` is `LoyaltyClass`. */
export const schemaName = (kind: GoogleResourceKind): string => kind[0]!.toUpperCase() + kind.slice(1);

/** The fields of a schema type, or undefined where there is no such type. */
export const shapeOf = (name: string): Shape | undefined => RESOURCE_TYPES[name] ?? SHARED_TYPES[name];

/** Reads the type of one field: `TextModuleData[]`, `int32`, `ObjectState`. */
export function fieldType(shape: Shape, field: string): FieldType | undefined {
  if (!Object.hasOwn(shape, field)) return undefined;
  const text = shape[field]!;
  const array = text.endsWith('[]');
  const name = array ? text.slice(0, -2) : text;
  const names = ENUMS[name];
  if (names) return { array, is: 'enum', names };
  const inner = shapeOf(name);
  if (inner) return { array, is: 'type', name, shape: inner };
  return { array, is: name as 'string' | 'boolean' | 'int32' | 'int64' | 'double' };
}

let known: Set<string> | undefined;
/** Whether a word is the name of any field of the schema. */
export function isFieldName(word: string): boolean {
  known ??= new Set([...Object.values(RESOURCE_TYPES), ...Object.values(SHARED_TYPES)].flatMap((s) => Object.keys(s)));
  return known.has(word);
}
