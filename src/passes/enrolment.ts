import { coerceFields } from './field-values.js';
import type { JsonValue } from '../common/json.js';
import type { PassField, PassTypeDesign } from './pass-type.js';

/** What is known of a person, by the names that a field's `source` uses. */
export interface KnownPerson {
  email: string | null;
  phone: string | null;
  firstName: string | null;
  lastName: string | null;
  properties: Readonly<Record<string, JsonValue>>;
}

const isValue = (value: JsonValue | undefined): value is JsonValue => value != null && value !== '';

function sourceValue(person: KnownPerson, source: string): JsonValue | undefined {
  const attributes: Record<string, JsonValue> = {
    email: person.email,
    phone_number: person.phone,
    first_name: person.firstName,
    last_name: person.lastName,
  };
  if (Object.hasOwn(attributes, source)) return attributes[source];
  const name = source.replace(/^properties\./, '');
  return Object.hasOwn(person.properties, name) ? person.properties[name] : undefined;
}

/** The fields of a new pass that the person's profile fills. What a field cannot take counts as unknown. */
export function knownFields(design: PassTypeDesign, person: KnownPerson): Record<string, JsonValue> {
  const given: Record<string, JsonValue> = {};
  for (const { apiFieldName, source } of design.fields) {
    const value = source === undefined ? undefined : sourceValue(person, source);
    if (isValue(value)) given[apiFieldName] = value;
  }
  return coerceFields(design.fields, given, { mode: 'create', escaped: false }).values;
}

/** The fields that a person has to be asked for: needed, and neither known nor set by default. */
export const fieldsToAsk = (design: PassTypeDesign, known: Readonly<Record<string, JsonValue>>): PassField[] =>
  design.fields.filter(
    (field) => field.required && field.default === undefined && !Object.hasOwn(known, field.apiFieldName),
  );

/** The design's own texts on the enrolment page, where nothing is known of the person; a language may translate them. */
export const textsOfForm = (design: PassTypeDesign): string[] =>
  fieldsToAsk(design, {}).flatMap(({ label, oneOf = [] }) => [...(label === undefined ? [] : [label]), ...oneOf]);

export interface EnrolmentForm {
  values: Record<string, JsonValue>;
  /** Field names with what is wrong about them. */
  faults: Record<string, 'missing' | 'wrong'>;
}

/** Reads what a person filled in for the fields that were asked. Anything else that a form brings along is passed over. */
export function readEnrolment(asked: readonly PassField[], given: Readonly<Record<string, string>>): EnrolmentForm {
  const form: EnrolmentForm = { values: {}, faults: {} };
  for (const field of asked) {
    const name = field.apiFieldName;
    const raw = Object.hasOwn(given, name) ? given[name]!.trim() : '';
    const read =
      raw === ''
        ? { values: {} as Record<string, JsonValue> }
        : coerceFields([field], { [name]: raw }, { mode: 'create', escaped: false });
    if (Object.hasOwn(read.values, name)) form.values[name] = read.values[name]!;
    else form.faults[name] = raw === '' ? 'missing' : 'wrong';
  }
  return form;
}
