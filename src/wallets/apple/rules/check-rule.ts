import { pointer } from '../../../common/clean-text.js';
import type { JsonValue } from '../../../common/json.js';
import { nearest } from '../../../common/nearest-name.js';
import { isEmptyText } from '../../../common/tidy-text.js';
import type { FieldType, PassTypeDesign } from '../../../passes/pass-type.js';
import { possibleValues, soleField } from '../../../passes/possible-values.js';
import { placeholders } from '../../../passes/render.js';
import type { Add } from '../design-problem.js';
import type { Rule, ScalarRule } from './rule.js';
import { formOf, literalType } from './scalar-form.js';
import { neverFits } from './template-form.js';

/** Types of fields whose values can be brought into the form of a rule; others never fit. */
const FITTING: Partial<Record<Rule['is'], readonly FieldType[]>> = {
  boolean: ['boolean', 'text'],
  number: ['number', 'integer', 'text'],
  integer: ['integer', 'number', 'text'],
  amount: ['number', 'integer', 'text'],
  date: ['date', 'datetime', 'text'],
  url: ['url', 'text'],
  colour: ['text'],
  enum: ['text'],
  currency: ['text'],
  zone: ['text'],
  uuid: ['text'],
};

const WANTED: Partial<Record<Rule['is'], string>> = {
  text: 'a text ("…")',
  boolean: 'true or false',
  number: 'a number',
  integer: 'a whole number',
};

/** Whether a field's values can take the form of a rule. */
export const fieldFits = (rule: Rule, type: FieldType): boolean => FITTING[rule.is]?.includes(type) ?? true;

/** Checks a part of a design against its rule, with everything below it. */
export function checkRule(rule: Rule, value: JsonValue, path: string, design: PassTypeDesign, add: Add): void {
  if (rule.is !== 'anything' && value === null) {
    return add(path, 'Wallet refuses null here.', 'Leave the key out where there is no value.');
  }
  const isTemplate = typeof value === 'string' && placeholders(value).length > 0;
  if (rule.is === 'object') {
    // A field may hold an object; its contents are checked when the pass is made.
    if (isTemplate) return;
    if (typeof value !== 'object' || Array.isArray(value)) {
      return add(
        path,
        'An object is expected here.',
        `Write its keys in braces: ${Object.keys(rule.keys).join(', ')}.`,
      );
    }
    return checkObject(rule, value as Record<string, JsonValue>, path, design, add);
  }
  if (rule.is === 'list') {
    if (isTemplate) return;
    if (!Array.isArray(value)) return add(path, 'A list is expected here.', 'Write it in square brackets.');
    if (rule.most !== undefined && value.length > rule.most) {
      add(path, `There are ${value.length} entries, Wallet takes ${rule.most}.`, `Leave ${rule.most} of them.`);
    }
    value.forEach((item, index) => checkRule(rule.of, item, path + pointer(index), design, add));
    return;
  }
  checkScalar(rule, value, path, design, add);
}

function checkObject(
  rule: Extract<Rule, { is: 'object' }>,
  value: Readonly<Record<string, JsonValue>>,
  path: string,
  design: PassTypeDesign,
  add: Add,
): void {
  const known = Object.keys(rule.keys);
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const of = Object.hasOwn(rule.keys, key) ? rule.keys[key] : undefined;
    if (of && rule.required?.includes(key) && isBlank(of, inner)) {
      add(path + pointer(key), `"${key}" is empty: Wallet refuses this without it.`, `Write "${key}".`);
    } else if (of) checkRule(of, inner, path + pointer(key), design, add);
    else if (known.length > 0) {
      const near = nearest(key, known);
      add(path + pointer(key), `Wallet knows no "${key}" here.`, near ? `Write "${near}".` : 'Remove it.');
    }
  }
  for (const key of rule.required ?? []) {
    if (!Object.hasOwn(value, key)) add(path, `"${key}" is missing: Wallet refuses this without it.`, `Add "${key}".`);
  }
}

/** A text that shows nothing, where an empty one means nothing. */
const isBlank = (rule: Rule, value: JsonValue): boolean =>
  rule.is === 'text' && rule.mayBeEmpty !== true && typeof value === 'string' && isEmptyText(value);

function checkScalar(rule: ScalarRule, value: JsonValue, path: string, design: PassTypeDesign, add: Add): void {
  const report = (said: JsonValue): void => {
    const formed = formOf(rule, said);
    if ('refused' in formed) add(path, `${JSON.stringify(said)} ${formed.refused}.`, formed.cure);
  };
  if (typeof value === 'string' && placeholders(value).length > 0) {
    const field = soleField(value, design);
    if (field && !fieldFits(rule, field.type)) {
      const { apiFieldName: name, type } = field;
      const fitting = FITTING[rule.is]!.join(' or ');
      return add(
        path,
        `"${name}" is a field of the type ${type}, which never fits here.`,
        `Name a field of the type ${fitting}.`,
      );
    }
    const possible = possibleValues(value, design);
    for (const one of possible ?? []) report(one);
    if (!possible && !field && neverFits(rule, value)) {
      const formed = formOf(rule, value);
      const cure = 'cure' in formed ? formed.cure : 'Correct it.';
      add(path, `${JSON.stringify(value)} never fits here, whatever its fields hold.`, cure);
    }
    return;
  }
  const wanted = literalType(rule);
  const given = typeof value;
  if (wanted !== undefined && given !== 'object' && given !== wanted) {
    const what = WANTED[rule.is] ?? WANTED.text!;
    return add(path, `${JSON.stringify(value)} is not ${what}.`, `Write ${what}.`);
  }
  if (rule.is === 'enum' && rule.soft && !rule.names.includes(String(value))) {
    const near = nearest(String(value), rule.names);
    const cure = near ? `Write "${near}".` : `Known are ${rule.names.join(', ')}.`;
    return add(path, `Phones know no ${JSON.stringify(value)} here and show nothing for it.`, cure, 'warning');
  }
  if (isBlank(rule, value)) {
    return add(path, 'The text is empty and says nothing.', 'Write it, or remove the key.', 'warning');
  }
  report(value);
}
