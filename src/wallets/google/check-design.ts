import type { JsonValue } from '../../common/json.js';
import { momentInZone } from '../../common/zoned-time.js';
import type { GoogleDesign, PassTypeDesign } from '../../passes/pass-type.js';
import { isAlwaysThere } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import { checkBarcode } from './check-barcode.js';
import { checkReferences } from './check-references.js';
import { checkRotatingBarcode } from './check-rotating-barcode.js';
import { checkScalar } from './check-scalar.js';
import { fieldType, schemaName, shapeOf, type FieldType } from './schema.js';
import { AT_MOST, CUT_AFTER, lacksOf, ONE_ONLY, REQUIRED, SHOWN_AT_MOST } from './schema-rules.js';

/** What is wrong with a design, where (`class.programLogo.sourceUri`), and how to cure it. */
export interface DesignProblem {
  path: string;
  message: string;
  cure: string;
  /** Google takes it, and phones show less than its author thinks. */
  severity?: 'warning';
}

export type Report = (message: string, cure: string, severity?: 'warning') => void;

const SET_BY_US: Readonly<Record<string, string>> = {
  id: 'ids are derived from the issuer, the tenant and the pass',
  classId: 'the class follows from classSuffix',
  state: 'it follows the state of the pass',
  reviewStatus: 'it is UNDER_REVIEW in every write of a class',
  hasUsers: 'only Google sets it',
  hasLinkedDevice: 'only Google sets it',
  classReference: 'only Google sets it',
  review: 'only Google sets it',
  notifyPreference: 'it is set for updates that shall notify: list the fields in notifyOn',
};

interface Walk {
  problems: DesignProblem[];
  design: Pick<PassTypeDesign, 'fields' | 'visuals'>;
}

/**
 * Checks a design against Google's schema and the rules its descriptions give in prose. Empty means: nothing found.
 * With the pass type's fields and visuals a placeholder whose values never fit is named, too.
 */
export function checkGoogleDesign(
  design: GoogleDesign,
  whole: Pick<PassTypeDesign, 'fields' | 'visuals'> = { fields: [], visuals: {} },
): DesignProblem[] {
  const problems: DesignProblem[] = [];
  const walk: Walk = { problems, design: whole };
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
  if (design.class['callbackOptions'] !== undefined) {
    const message = 'the product writes its own address here, where Google can reach it';
    problems.push({ path: 'class.callbackOptions', message, cure: 'Remove it.', severity: 'warning' });
  }
  if (design.type === 'generic' && design.notifyOn.length > 0) {
    const message = 'Google never notifies of a changed generic pass';
    problems.push({
      path: 'notifyOn',
      message,
      cure: 'Send a message instead, or leave it empty.',
      severity: 'warning',
    });
  }
  problems.push(...checkReferences(design), ...checkRequiredTexts(design, whole));
  for (const name of placeholders(design.class)) {
    problems.push({
      path: 'class',
      message: `the class is shared by all passes and cannot hold {{${name}}}`,
      cure: 'Put it into the object section, or make one pass type per value.',
    });
  }
  return problems;
}

/** A title or a header that some passes would be without; Google refuses an object for it. */
function checkRequiredTexts(design: GoogleDesign, whole: Pick<PassTypeDesign, 'fields' | 'visuals'>): DesignProblem[] {
  if (design.type !== 'generic' || whole.fields.length === 0) return [];
  return ['header', 'cardTitle'].flatMap((field): DesignProblem[] => {
    const names = placeholders(design.object[field]).map((name) => `{{${name}}}`);
    if (isAlwaysThere(names.join('') || 'x', whole)) return [];
    const message = `passes without a value for ${names.join(', ')} have no ${field}, which Google requires`;
    const cure = 'Make the field required, give it a default, or write a text beside it.';
    return [{ path: `object.${field}`, message, cure, severity: 'warning' }];
  });
}

export interface Place {
  path: string;
  /** Type and field of the schema that the value belongs to. */
  owner: string;
  field: string;
}

function checkValue(value: JsonValue, type: FieldType, place: Place, walk: Walk): void {
  const { path } = place;
  const { problems } = walk;
  const report: Report = (message, cure, severity) =>
    void problems.push({ path, message, cure, ...(severity && { severity }) });
  if (type.array) {
    if (!Array.isArray(value)) return report('a list is expected', 'Write it in square brackets.');
    const most = AT_MOST[place.field] ?? Infinity;
    const shown = SHOWN_AT_MOST[place.field] ?? Infinity;
    if (value.length > most) report(`${value.length} entries, Google takes at most ${most}`, 'Remove some of them.');
    else if (value.length > shown) {
      report(`${value.length} entries, phones show ${shown}`, 'Put the most important ones first.', 'warning');
    }
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
    for (const lack of lacksOf(type.name, (field) => Object.hasOwn(value, field))) {
      report(`without ${lack} it says nothing and is left out`, `Add ${lack}, or remove it.`);
    }
    if (Object.keys(value).length === 0 && lacksOf(type.name, () => false).length === 0 && place.owner !== '') {
      report('it is empty and is left out', 'Write its fields, or remove it.', 'warning');
    }
    const set = (ONE_ONLY[type.name] ?? []).filter((field) => Object.hasOwn(value, field));
    if (set.length > 1) report(`only one of ${set.join(', ')} may be set`, `Keep one of them.`);
    checkInterval(value as Record<string, JsonValue>, type.name, report);
    checkLength(value as Record<string, JsonValue>, type.name, report);
    if (type.name === 'RotatingBarcode') checkRotatingBarcode(value as Record<string, JsonValue>, report);
    if (type.name === 'Barcode') checkBarcode(value as Record<string, JsonValue>, walk.design, report);
    return;
  }
  checkScalar(value, type, place, walk.design, report);
}

const timeOf = (value: JsonValue | undefined, dayAs: 'start' | 'end'): number => {
  const date = typeof value === 'object' && value !== null && !Array.isArray(value) ? value['date'] : undefined;
  return typeof date === 'string' ? Date.parse(momentInZone(date, 'UTC', dayAs) ?? '') : NaN;
};

function checkInterval({ start, end }: Record<string, JsonValue>, typeName: string, report: Report): void {
  if (typeName !== 'TimeInterval' || !(timeOf(end, 'end') < timeOf(start, 'start'))) return;
  report('the end lies before the start', 'Exchange the two.');
}

/** Texts that Google cuts: the module's own and its translations. */
function checkLength(value: Record<string, JsonValue>, typeName: string, report: Report): void {
  for (const [field, text] of Object.entries(value)) {
    const most = CUT_AFTER[`${typeName}.${field}`];
    if (most === undefined) continue;
    const texts = JSON.stringify(text).matchAll(/"value":"((?:[^"\\]|\\.)*)"/g);
    if (![...texts].some(([, said = '']) => placeholders(said).length === 0 && said.length > most)) continue;
    report(`Google cuts the ${field} after ${most} characters`, 'Shorten it.', 'warning');
  }
}

function cureUnknown(type: Extract<FieldType, { is: 'type' }>, field: string): string {
  const counterpart = type.name.endsWith('Object')
    ? type.name.replace(/Object$/, 'Class')
    : type.name.replace(/Class$/, 'Object');
  const shape = counterpart === type.name ? undefined : shapeOf(counterpart);
  if (shape && Object.hasOwn(shape, field)) {
    return `Move it to the ${counterpart.endsWith('Class') ? 'class' : 'object'} section: for this type it belongs there only.`;
  }
  const near = Object.keys(type.shape).find((known) => known.toLowerCase() === field.toLowerCase());
  return near ? `Write ${near}.` : `Remove it, or use one of: ${Object.keys(type.shape).join(', ')}.`;
}
