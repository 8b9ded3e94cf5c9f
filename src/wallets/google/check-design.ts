import type { JsonValue } from '../../common/json.js';
import type { GoogleDesign } from '../../passes/pass-type.js';
import { placeholders } from '../../passes/render.js';
import { REQUIRED, fieldType, schemaName, shapeOf, type FieldType } from './schema.js';

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

const AT_MOST_TEN = new Set(['messages', 'merchantLocations']);
const isTemplate = (text: string): boolean => placeholders(text).length > 0;

/** Checks a design against Google's schema and the rules its descriptions give in prose. Empty means: nothing found. */
export function checkGoogleDesign(design: GoogleDesign): DesignProblem[] {
  const problems: DesignProblem[] = [];
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
    checkValue(design[part], { array: false, is: 'type', name: typeName, shape: shapeOf(typeName)! }, part, problems);
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

function checkValue(value: JsonValue, type: FieldType, path: string, problems: DesignProblem[]): void {
  const report = (message: string, cure: string) => void problems.push({ path, message, cure });
  if (type.array) {
    if (!Array.isArray(value)) return report('a list is expected', 'Write it in square brackets.');
    const field = path.slice(path.lastIndexOf('.') + 1);
    if (AT_MOST_TEN.has(field) && value.length > 10) {
      report(`${value.length} entries, Google takes at most 10`, 'Remove some of them.');
    }
    value.forEach((item, index) => checkValue(item, { ...type, array: false }, `${path}.${index}`, problems));
    return;
  }
  if (type.is === 'type') {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      return report('an object is expected', `Write its fields in braces: ${Object.keys(type.shape).join(', ')}.`);
    }
    for (const [field, inner] of Object.entries(value)) {
      const fieldPath = `${path}.${field}`;
      const innerType = fieldType(type.shape, field);
      if (innerType) checkValue(inner, innerType, fieldPath, problems);
      else
        problems.push({
          path: fieldPath,
          message: `${type.name} has no field ${field}`,
          cure: cureUnknown(type, field),
        });
    }
    return;
  }
  checkScalar(value, type, path, report);
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
  path: string,
  report: (message: string, cure: string) => void,
): void {
  if (typeof value === 'string' && isTemplate(value)) {
    const scheme = /^([a-z][a-z0-9+.-]*:|\{\{)/i;
    if (isUri(path) && !scheme.test(value)) report('a URI needs a scheme', 'Begin it with https://.');
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
    if (isUri(path) && !/^[a-z][a-z0-9+.-]*:/i.test(value)) report('a URI needs a scheme', 'Begin it with https://.');
    if (path.endsWith('.hexBackgroundColor') && !/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value)) {
      report('not a colour', 'Write it as #rrggbb.');
    }
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
    report(`a ${whole ? 'whole ' : ''}number is expected`, 'Write it without quotation marks.');
  }
}

const isUri = (path: string): boolean => path.endsWith('.uri') || path === 'class.callbackOptions.url';
