import type { JsonValue } from '../../common/json.js';
import { momentInZone } from '../../common/zoned-time.js';
import type { FieldType as FieldKind, GoogleDesign, PassField } from '../../passes/pass-type.js';
import { placeholders } from '../../passes/render.js';
import { fitScalar, isDateField, isUriField } from './scalar-values.js';
import { AT_MOST, ESSENTIAL, REQUIRED, fieldType, schemaName, shapeOf, type FieldType } from './schema.js';

/** What is wrong with a design, where (`class.programLogo.sourceUri`), and how to cure it. */
export interface DesignProblem {
  path: string;
  message: string;
  cure: string;
}

const SET_BY_US: Readonly<Record<string, string>> = {
  id: 'ids are derived from the issuer, the tenant and the pass',
  classId: 'the class follows from classSuffix',
  state: 'it follows the state of the pass',
  reviewStatus: 'it is UNDER_REVIEW in every write of a class',
  hasUsers: 'only Google sets it',
  hasLinkedDevice: 'only Google sets it',
  classReference: 'only Google sets it',
  review: 'only Google sets it',
  linkedObjectIds: 'conversions write it',
  notifyPreference: 'it is set for updates that shall notify: list the fields in notifyOn',
};

const isTemplate = (text: string): boolean => placeholders(text).length > 0;

/** Types of fields that never become a value of the schema's. */
const UNFIT: Readonly<Record<string, readonly FieldKind[]>> = {
  int32: ['boolean', 'date', 'datetime', 'url'],
  int64: ['boolean', 'date', 'datetime', 'url'],
  double: ['boolean', 'date', 'datetime', 'url'],
  boolean: ['number', 'integer', 'date', 'datetime', 'url'],
  enum: ['boolean', 'number', 'integer', 'date', 'datetime', 'url'],
};

interface Walk {
  problems: DesignProblem[];
  fields: readonly PassField[];
}

/**
 * Checks a design against Google's schema and the rules its descriptions give in prose. Empty means: nothing found.
 * With the pass type's fields a placeholder whose values never fit is named, too.
 */
export function checkGoogleDesign(design: GoogleDesign, fields: readonly PassField[] = []): DesignProblem[] {
  const problems: DesignProblem[] = [];
  const walk = { problems, fields };
  for (const part of ['class', 'object'] as const) {
    const typeName = schemaName(`${design.type}${part === 'class' ? 'Class' : 'Object'}`);
    for (const field of Object.keys(design[part])) {
      if (Object.hasOwn(SET_BY_US, field) && Object.hasOwn(shapeOf(typeName)!, field)) {
        problems.push({
          path: `${part}.${field}`,
          message: `${field} is not the design's to set`,
          cure: `Remove it: ${SET_BY_US[field]}.`,
        });
      }
    }
    for (const field of REQUIRED[typeName]!) {
      if (!Object.hasOwn(SET_BY_US, field) && !Object.hasOwn(design[part], field)) {
        problems.push({
          path: `${part}.${field}`,
          message: `${field} is required by Google`,
          cure: `Add ${field} to the ${part} section.`,
        });
      }
    }
    checkValue(
      design[part],
      { array: false, is: 'type', name: typeName, shape: shapeOf(typeName)! },
      { path: part, owner: '', field: '' },
      walk,
    );
  }
  for (const name of placeholders(design.class)) {
    problems.push({
      path: 'class',
      message: `the class is shared by all passes and cannot hold {{${name}}}`,
      cure: 'Put it into the object section, or make one pass type per value.',
    });
  }
  return problems;
}

interface Place {
  path: string;
  /** Type and field of the schema that the value stands in. */
  owner: string;
  field: string;
}

function checkValue(value: JsonValue, type: FieldType, place: Place, walk: Walk): void {
  const { path } = place;
  const { problems } = walk;
  const report = (message: string, cure: string) => void problems.push({ path, message, cure });
  if (type.array) {
    if (!Array.isArray(value)) return report('a list is expected', 'Write it in square brackets.');
    const most = AT_MOST[place.field] ?? Infinity;
    if (value.length > most) report(`${value.length} entries, Google takes at most ${most}`, 'Remove some of them.');
    value.forEach((item, index) =>
      checkValue(item, { ...type, array: false }, { ...place, path: `${path}.${index}` }, walk),
    );
    return;
  }
  if (type.is === 'type') {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      return report('an object is expected', `Write its fields in braces: ${Object.keys(type.shape).join(', ')}.`);
    }
    for (const [field, inner] of Object.entries(value)) {
      const fieldPath = `${path}.${field}`;
      const innerType = fieldType(type.shape, field);
      if (innerType) checkValue(inner, innerType, { path: fieldPath, owner: type.name, field }, walk);
      else
        problems.push({
          path: fieldPath,
          message: `${type.name} has no field ${field}`,
          cure: cureUnknown(type, field),
        });
    }
    for (const field of ESSENTIAL[type.name] ?? []) {
      if (Object.hasOwn(value, field)) continue;
      report(`without ${field} it says nothing and is left out`, `Add ${field}, or remove it.`);
    }
    checkInterval(value as Record<string, JsonValue>, type.name, report);
    return;
  }
  checkScalar(value, type, place, walk, report);
}

const timeOf = (value: JsonValue | undefined, dayAs: 'start' | 'end'): number => {
  const date = typeof value === 'object' && value !== null && !Array.isArray(value) ? value['date'] : undefined;
  return typeof date === 'string' ? Date.parse(momentInZone(date, 'UTC', dayAs) ?? '') : NaN;
};

function checkInterval(
  { start, end }: Record<string, JsonValue>,
  typeName: string,
  report: (message: string, cure: string) => void,
): void {
  if (typeName !== 'TimeInterval' || !(timeOf(end, 'end') < timeOf(start, 'start'))) return;
  report('the end lies before the start', 'Exchange the two.');
}

function cureUnknown(type: Extract<FieldType, { is: 'type' }>, field: string): string {
  const counterpart = type.name.endsWith('Object')
    ? type.name.replace(/Object$/, 'Class')
    : type.name.replace(/Class$/, 'Object');
  const shape = counterpart === type.name ? undefined : shapeOf(counterpart);
  if (shape && Object.hasOwn(shape, field)) {
    return `Move it to the ${counterpart.endsWith('Class') ? 'class' : 'object'} section: for this type it stands there only.`;
  }
  const near = Object.keys(type.shape).find((known) => known.toLowerCase() === field.toLowerCase());
  return near ? `Write ${near}.` : `Remove it, or use one of: ${Object.keys(type.shape).join(', ')}.`;
}

function checkScalar(
  value: JsonValue,
  type: Exclude<FieldType, { is: 'type' }>,
  place: Place,
  walk: Walk,
  report: (message: string, cure: string) => void,
): void {
  if (typeof value === 'string' && isTemplate(value)) {
    const scheme = /^([a-z][a-z0-9+.-]*:|\{\{)/i;
    if (isUriField(place) && !scheme.test(value)) report('a URI needs a scheme', 'Begin it with https://.');
    const sole = /^\{\{\s*([A-Za-z][\w-]*)\s*\}\}$/.exec(value)?.[1];
    const field = walk.fields.find(({ apiFieldName }) => apiFieldName === sole);
    const unfit = isDateField(place) ? ['boolean', 'number', 'integer', 'url'] : (UNFIT[type.is] ?? []);
    if (field && unfit.includes(field.type)) {
      report(
        `the field ${field.apiFieldName} is of the type ${field.type}, which never fits here`,
        'Name another field.',
      );
    }
    return;
  }
  if (type.is === 'enum') {
    if (typeof value === 'string' && type.names.includes(value)) return;
    const near = type.names.find(
      (name) => name.replaceAll('_', '') === String(value).replaceAll('_', '').toUpperCase(),
    );
    return report('not one of the names that Google takes', `Write ${near ?? `one of: ${type.names.join(', ')}`}.`);
  }
  if (type.is === 'string') {
    if (typeof value !== 'string') return report('a text is expected', 'Put it in quotation marks.');
    if (isUriField(place) && !/^[a-z][a-z0-9+.-]*:/i.test(value)) {
      return report('a URI needs a scheme', 'Begin it with https://.');
    }
    if (place.field === 'hexBackgroundColor' && !/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value)) {
      return report('not a colour', 'Write it as #rrggbb.');
    }
    if (value === '' && ESSENTIAL[place.owner]?.includes(place.field)) {
      return report('it is empty', 'Write a value, or remove it.');
    }
    const fitted = fitScalar(value, type, { ...place, zone: undefined, dayAs: 'start' });
    if ('refused' in fitted) report(fitted.refused.split(':')[0]!, `${fitted.refused.split(': ')[1] ?? 'Correct it'}.`);
    return;
  }
  if (type.is === 'boolean') {
    if (typeof value !== 'boolean') report('true or false is expected', 'Write it without quotation marks.');
    return;
  }
  if (type.is === 'int64') {
    if (!/^-?\d+$/.test(String(value))) report('a whole number is expected', 'Write digits only.');
    return;
  }
  const whole = type.is === 'int32';
  if (typeof value !== 'number' || (whole && !Number.isSafeInteger(value))) {
    return report(`a ${whole ? 'whole ' : ''}number is expected`, 'Write it without quotation marks.');
  }
  const fitted = fitScalar(value, type, { ...place, zone: undefined, dayAs: 'start' });
  if ('refused' in fitted) report(fitted.refused, 'Correct it.');
}
