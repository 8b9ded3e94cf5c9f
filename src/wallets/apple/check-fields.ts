import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { isEmptyText } from '../../common/tidy-text.js';
import { appleField, type AppleField, type PassTypeDesign } from '../../passes/pass-type.js';
import { possibleValues, soleField } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import type { Add } from './design-problem.js';
import { objectOf } from './face-needs.js';
import { EARLIER_KEY, MESSAGE_KEY } from './message-fields.js';
import { FIELD_GROUPS } from './pass-fields.js';
import { checkRule, fieldFits } from './rules/check-rule.js';
import { FIELD_KEYS } from './rules/pass-keys.js';
import { date, object, type Rule } from './rules/rule.js';
import { formOf } from './rules/scalar-form.js';

const FIELD = object(FIELD_KEYS);
const has = (field: AppleField, ...keys: string[]): boolean => keys.some((key) => field[key] !== undefined);

/** Every field of the design with the pointer to it, those of posters included. */
export function fieldsOf(design: PassTypeDesign): { group: string; path: string; field: AppleField; face: string }[] {
  const apple = design.apple!;
  const of = (face: string, groups: Readonly<Record<string, unknown>>, base: string[]) =>
    [...FIELD_GROUPS, 'footerFields']
      .flatMap((group) =>
        ((groups[group] as AppleField[] | undefined) ?? []).map((field, index) => ({
          group,
          face,
          path: pointer(...base, group, index),
          field,
        })),
      )
      // What has not even the form of a field is refused by the table of keys.
      .filter(({ field }) => appleField.safeParse(field).success);
  const upcoming = apple.extra['upcomingPassInformation'];
  return [
    ...(Array.isArray(upcoming) ? upcoming : []).flatMap((entry, index) =>
      of(`upcoming ${index}`, fieldLists(entry), ['apple', 'extra', 'upcomingPassInformation', String(index)]),
    ),
    ...of(apple.style, apple, ['apple']),
    ...(apple.posterGeneric ? of('posterGeneric', apple.posterGeneric, ['apple', 'posterGeneric']) : []),
  ];
}

/** The lists of an upcoming pass. */
const fieldLists = (entry: JsonValue): Record<string, JsonValue[]> =>
  Object.fromEntries(
    Object.entries(objectOf(entry)).flatMap(([group, fields]) => (Array.isArray(fields) ? [[group, fields]] : [])),
  );

/** Each field by itself: its keys, and which of them its value bears. */
export function checkFieldKeys(design: PassTypeDesign, add: Add): void {
  const seen = new Map<string, string>();
  for (const { group, path, field, face } of fieldsOf(design)) {
    const first = seen.get(`${face}/${field.key}`);
    if (first) {
      add(`${path}/key`, `The field key "${field.key}" is already used at ${first}.`, 'Give each field its own key.');
    } else seen.set(`${face}/${field.key}`, `${path}/key`);
    // Those of upcoming passes are keys of pass.json, and checked there.
    if (!face.startsWith('upcoming')) checkRule(FIELD, field as JsonValue, path, design, add);
    if (placeholders(field.key).length > 0) {
      const cure = 'Write a key of its own: phones know by it which field changed.';
      add(`${path}/key`, 'Placeholders in keys are not filled.', cure);
    }
    if (field.key === MESSAGE_KEY || field.key === EARLIER_KEY) {
      add(`${path}/key`, `The field key "${field.key}" is the one of messages.`, 'Give the field another key.');
    }
    checkStyles(field, path, design, add);
    checkPlace(field, group, face, path, add);
    checkChangeMessage(field, path, design, add);
  }
}

function checkStyles(field: AppleField, path: string, design: PassTypeDesign, add: Add): void {
  const dated = has(field, 'dateStyle', 'timeStyle');
  const counted = has(field, 'numberStyle', 'currencyCode');
  if (dated && counted) {
    add(path, 'A field cannot have a style for dates and one for numbers.', 'Remove one of the two.');
  }
  if (has(field, 'numberStyle') && has(field, 'currencyCode')) {
    add(path, 'numberStyle and currencyCode exclude each other.', 'Remove numberStyle: a currency has its own form.');
  }
  if (has(field, 'isRelative', 'ignoresTimeZone') && !dated) {
    add(path, 'isRelative and ignoresTimeZone need a date.', 'Add a dateStyle or timeStyle, or remove them.');
  }
  if (dated) checkValue(date, 'a date', field, path, design, add);
  else if (counted) checkValue({ is: 'number' }, 'a number', field, path, design, add);
  else if (typeof field.value === 'string' && 'value' in formOf({ is: 'date' }, field.value)) {
    const cure = 'Add "dateStyle": "PKDateStyleMedium", or write it as people read it.';
    add(`${path}/value`, 'The date is shown as it is here.', cure, 'warning');
  }
  const styles = ['dateStyle', 'timeStyle'].filter((key) => has(field, key));
  if (styles.length > 0 && styles.every((key) => field[key] === 'PKDateStyleNone') && styles.includes('dateStyle')) {
    add(`${path}/dateStyle`, 'Neither the day nor the time is shown.', 'Write "PKDateStyleMedium".', 'warning');
  }
  if (typeof field.value === 'string' && isEmptyText(field.value)) {
    add(`${path}/value`, 'The value is empty, so the field shows nothing.', 'Write a value, or remove the field.');
  }
}

function checkValue(rule: Rule, what: string, field: AppleField, path: string, design: PassTypeDesign, add: Add): void {
  const { value } = field;
  const at = `${path}/value`;
  const wrong = `Its style is for ${what}, and this value never is one.`;
  const cure = `Write ${what} or one placeholder of a field that holds one, or remove the style.`;
  const isWrong = (one: string | number): boolean => 'refused' in formOf(rule as Parameters<typeof formOf>[0], one);
  const names = typeof value === 'string' ? placeholders(value) : [];
  if (names.length === 0) {
    if (isWrong(value)) add(at, wrong, cure);
    return;
  }
  const never = (possibleValues(String(value), design) ?? []).filter(isWrong);
  if (never.length > 0) {
    const listed = never.map((one) => JSON.stringify(one)).join(', ');
    return add(at, `Its style is for ${what}, and it may be ${listed}, which is none.`, cure);
  }
  const sole = soleField(String(value), design);
  if (sole ? !fieldFits(rule, sole.type) : !/^\{\{[^{}]*\}\}$/.test(String(value).trim())) add(at, wrong, cure);
}

const MARKUP = /<(?!\/?a[\s>])[a-z/!]/i;

function checkPlace(field: AppleField, group: string, face: string, path: string, add: Add): void {
  if (has(field, 'textAlignment') && (group === 'primaryFields' || group === 'backFields')) {
    add(`${path}/textAlignment`, `${group} have no alignment.`, 'Remove textAlignment.', 'warning');
  }
  if (has(field, 'row') && (group !== 'auxiliaryFields' || face !== 'eventTicket')) {
    add(`${path}/row`, 'Only auxiliaryFields of an eventTicket have rows.', 'Remove row.');
  }
  const isFront = group !== 'backFields' && group !== 'additionalInfoFields';
  for (const key of ['dataDetectorTypes', 'attributedValue'].filter((name) => isFront && has(field, name))) {
    add(`${path}/${key}`, `Only the back of a pass shows ${key}.`, `Remove ${key}, or move the field.`, 'warning');
  }
  const { attributedValue } = field;
  if (attributedValue === undefined) return;
  if (typeof attributedValue !== 'string' && typeof attributedValue !== 'number') {
    return add(`${path}/attributedValue`, 'A text or a number is expected here.', 'Write one in quotes.');
  }
  if (MARKUP.test(String(attributedValue))) {
    const cure = 'Use <a href="…"> only.';
    add(`${path}/attributedValue`, 'Wallet knows no other markup than links.', cure, 'warning');
  }
}

/** Whether a text holds `%@` once and no other code. What placeholders bring is escaped. */
function isChangeMessage(text: string): boolean {
  const literal = text.replace(/\{\{[^{}]*\}\}/g, 'x').replaceAll('%%', '');
  const codes = literal.match(/%./gs) ?? [];
  return codes.length === 1 && codes[0] === '%@' && !literal.endsWith('%');
}

/** A key of pass.strings stands for its translations; those of a text are formats, too, wherever phones use them. */
function checkChangeMessage(field: AppleField, path: string, design: PassTypeDesign, add: Add): void {
  const { changeMessage } = field;
  if (changeMessage === undefined || changeMessage === '') return;
  const cure = 'Write %@ once where the new value goes, and %% for a percent sign.';
  const translations = Object.entries(design.apple!.localizations).flatMap(([language, { strings }]) =>
    Object.hasOwn(strings, changeMessage) ? [[language, strings[changeMessage]!] as const] : [],
  );
  const isKey = translations.length > 0 && !changeMessage.includes('%');
  if (!isKey && !isChangeMessage(changeMessage)) {
    add(`${path}/changeMessage`, `"${changeMessage}" does not hold %@ exactly once.`, cure);
  }
  for (const [language, text] of translations.filter(([, said]) => !isChangeMessage(said))) {
    const at = isKey ? `${path}/changeMessage` : pointer('apple', 'localizations', language, 'strings', changeMessage);
    add(at, `The change message "${text}" does not hold %@ exactly once.`, cure, isKey ? undefined : 'warning');
  }
}
