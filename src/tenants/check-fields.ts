import { coerceValue } from '../passes/field-types.js';
import type { PassField } from '../passes/pass-type.js';
import { pointer } from '../common/clean-text.js';
import { tidyText } from '../common/tidy-text.js';
import { isTimeZone } from '../common/zoned-time.js';
import type { FolderProblem } from './folder-problem.js';
import type { PassTypeFile } from './read-folder.js';

/** What is wrong with the zone of a pass type or a field: an IANA name, or one text field that holds one. */
export function zoneProblem(
  zone: string | undefined,
  fields: readonly PassField[],
): { message: string; cure: string } | undefined {
  if (zone === undefined || isTimeZone(zone)) return undefined;
  const name = /^\{\{\s*([A-Za-z][\w-]*)\s*\}\}$/.exec(zone)?.[1];
  if (name === undefined) {
    return {
      message: `"${zone}" is no time zone.`,
      cure: 'write an IANA name such as "Europe/Berlin", or the field that holds one: "{{time-zone}}".',
    };
  }
  if (fields.some(({ apiFieldName, type }) => apiFieldName === name && type === 'text')) return undefined;
  return {
    message: `"${name}" is no text field that could hold a time zone.`,
    cure: `add a field "${name}" of the type text, such as one with the source "location.timezone".`,
  };
}

/** What is wrong with one field of a pass type: its default does not fit, or a length or a list that means nothing. */
export function fieldProblem(field: PassField): { key: string; message: string; cure: string } | undefined {
  if (field.default !== undefined) {
    const wanted = ['number', 'integer'].includes(field.type)
      ? 'number'
      : field.type === 'boolean'
        ? 'boolean'
        : 'string';
    const read = coerceValue(field, field.default, false);
    const cure = `write a default of the type ${field.type}, or leave it out.`;
    if (!('value' in read)) return { key: 'default', message: `the default ${read.message}.`, cure };
    if (typeof field.default !== wanted) {
      return { key: 'default', message: `the default is a ${typeof field.default}, not a ${wanted}.`, cure };
    }
  }
  if (field.maxLength !== undefined && !['text', 'url'].includes(field.type)) {
    return {
      key: 'maxLength',
      message: `a field of the type ${field.type} has no length.`,
      cure: 'remove maxLength, or make the type "text".',
    };
  }
  if (field.oneOf !== undefined && field.type !== 'text') {
    return {
      key: 'oneOf',
      message: `a field of the type ${field.type} cannot list its values.`,
      cure: 'remove oneOf, or make the type "text".',
    };
  }
  const never = field.oneOf?.find((choice) => tidyText(choice) !== choice);
  if (never !== undefined) {
    return {
      key: 'oneOf',
      message: `no value will ever equal ${JSON.stringify(never)}: values are trimmed and freed of invisible characters.`,
      cure: `write ${JSON.stringify(tidyText(never))}.`,
    };
  }
  return undefined;
}

/** A pass keeps its data when it is converted, so a field that two pass types share has one type in both. */
export function checkFieldsAcross(passTypes: readonly PassTypeFile[]): FolderProblem[] {
  const first = new Map<string, { file: string; type: string }>();
  const problems: FolderProblem[] = [];
  for (const { file, design } of passTypes) {
    for (const [index, field] of design.fields.entries()) {
      const known = first.get(field.apiFieldName);
      if (!known) first.set(field.apiFieldName, { file, type: field.type });
      else if (known.file !== file && known.type !== field.type) {
        problems.push({
          file,
          path: pointer('fields', index, 'type'),
          message: `"${field.apiFieldName}" is ${field.type} here and ${known.type} in ${known.file}: a converted pass would carry a value that does not fit.`,
          cure: `make it ${known.type} in both, or give one of the fields another name.`,
        });
      }
    }
  }
  return problems;
}
