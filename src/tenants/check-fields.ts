import { coerceValue } from '../passes/field-types.js';
import type { PassField } from '../passes/pass-type.js';
import { pointer, PROTOTYPE_KEYS } from '../common/clean-text.js';
import { isEmptyText, tidyText } from '../common/tidy-text.js';
import { isTimeZone } from '../common/zoned-time.js';
import { placeholders } from '../passes/render.js';
import { sourceProblem } from './check-source.js';
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
  if (PROTOTYPE_KEYS.has(field.apiFieldName)) {
    const message = `"${field.apiFieldName}" is a word of the language of programs: values of this name are dropped.`;
    return { key: 'apiFieldName', message, cure: 'name the field otherwise.' };
  }
  if (field.default !== undefined) {
    if (typeof field.default === 'string' && isEmptyText(field.default)) {
      return { key: 'default', message: 'the default is empty and fills nothing.', cure: 'write it, or leave it out.' };
    }
    const wanted = ['number', 'integer'].includes(field.type)
      ? 'number'
      : field.type === 'boolean'
        ? 'boolean'
        : 'string';
    const read = coerceValue(field, field.default, false);
    const cure = `write a default of the type ${field.type}, or leave it out.`;
    if (!('value' in read)) return { key: 'default', message: `the default${read.message}.`, cure };
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

/** What of a field never happens, and keeps nothing from being applied. */
export function fieldWarnings(field: PassField): { key: string; message: string; cure: string }[] {
  const { source, oneOf, label = '' } = field;
  const found: { key: string; message: string; cure: string }[] = [];
  const unfilled = source === undefined ? undefined : sourceProblem(source);
  if (unfilled) found.push({ key: 'source', ...unfilled });
  if (placeholders(label).length > 0) {
    const message = 'the label of a field is shown as it stands: placeholders in it are not filled.';
    found.push({ key: 'label', message, cure: 'write the label itself.' });
  }
  const seen = new Set<string>();
  for (const choice of oneOf ?? []) {
    const read = coerceValue({ ...field, oneOf: undefined }, choice, false);
    const said = JSON.stringify(choice);
    if (!('value' in read)) found.push({ key: 'oneOf', message: `${said}${read.message}.`, cure: 'correct it.' });
    else if (seen.has(choice.toLowerCase())) {
      const message = `${said} appears there twice: case does not count.`;
      found.push({ key: 'oneOf', message, cure: 'keep one of the two.' });
    }
    seen.add(choice.toLowerCase());
  }
  return found;
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
