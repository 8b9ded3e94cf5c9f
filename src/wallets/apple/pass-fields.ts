import { pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import type { AppleDesign, AppleField } from '../../passes/pass-type.js';
import { isSolePlaceholder, renderShownText, renderValue, zoneOf, type View } from '../../passes/render.js';
import { escapeMarkup } from '../../passes/linked-text.js';
import { FIELD_KEYS } from './rules/pass-keys.js';
import { renderRule, type LeaveOut } from './rules/render-rule.js';
import { anything } from './rules/rule.js';
import { formOf } from './rules/scalar-form.js';
import { appleDate, isDateOnly } from './apple-values.js';

/** The groups of fields of a pass, front to back; "design order" means these in turn. */
export const FIELD_GROUPS = [
  'headerFields',
  'primaryFields',
  'secondaryFields',
  'auxiliaryFields',
  'backFields',
  'additionalInfoFields',
] as const;

/** Each field once: the poster of iOS 27 repeats the fields of the classic face, and adds its own after them. */
export function fieldsInDesignOrder(apple: AppleDesign): AppleField[] {
  const classic = FIELD_GROUPS.flatMap((group) => apple[group] ?? []);
  const keys = new Set(classic.map(({ key }) => key));
  const poster = Object.values(apple.posterGeneric ?? {}).flat();
  return [...classic, ...poster.filter(({ key }) => !keys.has(key))];
}

/**
 * Keys of the fields that carry their changeMessage in this revision. iOS shows a generic line ("Store card changed")
 * when two or more changed fields have one, so of those that changed only the first in design order keeps it.
 */
export function effectiveChangeMessages(
  fields: readonly Pick<AppleField, 'key' | 'changeMessage'>[],
  changedFields: readonly string[],
): Set<string> {
  const withMessage = fields.filter((field) => field.changeMessage !== undefined && field.changeMessage !== '');
  const [, ...silenced] = withMessage.filter((field) => changedFields.includes(field.key));
  return new Set(withMessage.filter((field) => !silenced.includes(field)).map((field) => field.key));
}

/** Keys of the fields whose value differs between two states of a pass, in design order: the `changedFields` of a revision. */
export function changedAppleFields(apple: AppleDesign, before: View, after: View): string[] {
  const text = (field: AppleField, view: View): string => JSON.stringify(renderField(field, view, false) ?? null);
  const value = (field: AppleField): AppleField => ({ key: field.key, value: field.value });
  return fieldsInDesignOrder(apple)
    .filter((field) => text(value(field), before) !== text(value(field), after))
    .map((field) => field.key);
}

/** Phones read a change message as a format: "50% off" of a field would break it, and the pass with it. */
const asPlainPercent = (value: string): string => value.replaceAll('%', '%%');

/** Markup with values in it: their signs are no markup. A field that is the whole of it brings its own. */
const attributed = (template: string, view: View): string =>
  renderShownText(template, view, isSolePlaceholder(template) ? undefined : escapeMarkup);

const DATE_STYLES = ['dateStyle', 'timeStyle', 'isRelative', 'ignoresTimeZone'];
const NUMBER_STYLES = ['numberStyle', 'currencyCode'];

/** One field as pass.json has it; undefined where its value is absent. */
export function renderField(
  field: AppleField,
  view: View,
  withChangeMessage: boolean,
  at: { path: string; leaveOut: LeaveOut } = { path: '', leaveOut: () => undefined },
): Record<string, JsonValue> | undefined {
  const rendered = renderValue(field.value, view);
  if (rendered === undefined || rendered === null) return undefined;
  const zone = zoneOf(field.value, view);
  const { key, label, value: _template, changeMessage, ...rest } = field as Record<string, JsonValue>;
  const styles: Record<string, JsonValue> = {};
  for (const [name, template] of Object.entries(rest)) {
    if (name === 'attributedValue' && typeof template === 'string') {
      const markup = attributed(template, view);
      if (markup.trim() !== '') styles[name] = markup;
      continue;
    }
    const rule = Object.hasOwn(FIELD_KEYS, name) ? FIELD_KEYS[name]! : anything;
    const one = renderRule(rule, template, view, { path: at.path + pointer(name), leaveOut: at.leaveOut });
    if (one !== undefined) styles[name] = one;
  }
  const drop = (names: readonly string[], why: string): void => {
    if (!names.some((name) => name in styles)) return;
    for (const name of names) delete styles[name];
    at.leaveOut({ pointer: at.path, message: `the value of "${String(key)}" ${why}: it is shown without that style` });
  };
  const isDated = 'dateStyle' in styles || 'timeStyle' in styles;
  const date = isDated ? appleDate(rendered, 'start', zone) : undefined;

  // Wallet refuses a pass whose field has a style that its value cannot take: better unstyled than not at all.
  let value: string | number =
    typeof rendered === 'number' ? rendered : (date ?? renderShownText(String(field.value), view));
  if (date === undefined) drop(DATE_STYLES, isDated ? 'is no date' : 'has no date style');
  else {
    drop(NUMBER_STYLES, 'has a date style as well');
    // A bare day must not become the day before on a phone west of Greenwich, nor an hour of the shop one of the phone.
    if (zone !== undefined || isDateOnly(rendered)) styles['ignoresTimeZone'] ??= true;
  }
  if ('currencyCode' in styles) drop(['numberStyle'], 'is money');
  if ('numberStyle' in styles || 'currencyCode' in styles) {
    const number = formOf({ is: 'number' }, value);
    if ('value' in number) value = number.value as number;
    else drop(NUMBER_STYLES, 'is no number');
  }
  return {
    ...styles,
    key: key as string,
    ...(typeof label === 'string' ? { label: renderShownText(label, view) } : {}),
    value,
    ...(withChangeMessage && typeof changeMessage === 'string'
      ? { changeMessage: renderShownText(changeMessage, view, asPlainPercent) }
      : {}),
  };
}
