import type { JudgedBundle } from './bundle.js';
import type { PassField } from './pass-json.js';

/** One field before and after an update; undefined where it was not there. */
export interface FieldChange {
  readonly key: string;
  readonly label: string;
  readonly before: string | number | undefined;
  readonly after: string | number | undefined;
}

/** What the locked phone shows: the field's own text, a generic line, or nothing. */
export type LockScreen =
  { readonly kind: 'message' | 'generic'; readonly title: string; readonly text: string } | { readonly kind: 'silent' };

/** How this phone writes numbers and dates, and which `.lproj` it picks. */
export interface DeviceLanguage {
  readonly locale: string;
  readonly timeZone: string;
}

type DateStyle = 'full' | 'long' | 'medium' | 'short';

/** The fields whose value differs, by key, in the order of the new pass; removed ones last. */
export function changedFields(before: readonly PassField[], after: readonly PassField[]): FieldChange[] {
  const old = new Map(before.map((field) => [field.key, field]));
  const next = new Set(after.map(({ key }) => key));
  return [
    ...after
      .filter((field) => old.get(field.key)?.value !== field.value)
      .map((field) => change(field, old.get(field.key)?.value, field.value)),
    ...before.filter(({ key }) => !next.has(key)).map((field) => change(field, field.value, undefined)),
  ];
}

const change = (
  { key, label = key }: PassField,
  before: string | number | undefined,
  after: string | number | undefined,
): FieldChange => ({ key, label, before, after });

/**
 * The text of one update: the changeMessage of the one changed field that has one, `%@` replaced by the new value. Several such
 * fields, or a text without `%@`, give the generic line; none gives silence. A field new in this revision stays silent.
 */
export function lockScreenOf(before: JudgedBundle, after: JudgedBundle, language: DeviceLanguage): LockScreen {
  const known = new Map(before.content.fields.map((field) => [field.key, field.value]));
  const speaking = after.content.fields.filter(
    ({ key, value, changeMessage }) => known.has(key) && known.get(key) !== value && changeMessage,
  );
  const [field] = speaking;
  if (field === undefined) return { kind: 'silent' };
  const strings = translationsFor(after, language.locale);
  const translate = (text: string): string => strings?.get(text) ?? text;
  const title = after.content.organizationName;
  const message = translate(field.changeMessage ?? '');
  if (speaking.length > 1 || !message.includes('%@'))
    return { kind: 'generic', title, text: `${translate(after.content.description)} changed` };
  const value = typeof field.value === 'string' ? translate(field.value) : field.value;
  const shown = format({ ...field, value }, language);
  return { kind: 'message', title, text: message.replaceAll('%@', () => shown) };
}

function translationsFor(bundle: JudgedBundle, locale: string): ReadonlyMap<string, string> | undefined {
  const { translations } = bundle;
  return translations.get(locale) ?? translations.get(locale.split('-')[0] ?? '') ?? translations.get('en');
}

function format(field: PassField, { locale, timeZone }: DeviceLanguage): string {
  const { value } = field;
  if (typeof value === 'number') {
    const currency = field.currencyCode as string | undefined;
    if (currency !== undefined) return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(value);
    if (field.numberStyle === 'PKNumberStylePercent')
      return new Intl.NumberFormat(locale, { style: 'percent' }).format(value);
    return new Intl.NumberFormat(locale).format(value);
  }
  const dateStyle = styleOf(field.dateStyle);
  const timeStyle = styleOf(field.timeStyle);
  if (dateStyle === undefined && timeStyle === undefined) return value;
  const own = field.ignoresTimeZone === true;
  return new Intl.DateTimeFormat(locale, {
    timeZone: own ? 'UTC' : timeZone,
    ...(dateStyle === undefined ? {} : { dateStyle }),
    ...(timeStyle === undefined ? {} : { timeStyle }),
  }).format(new Date(own ? clockTime(value) : value));
}

/** What a clock in the zone of the value shows, as if it were UTC. */
const clockTime = (value: string): string => value.replace(/(?:Z|[+-]\d{2}:\d{2})$/, 'Z');

function styleOf(style: unknown): DateStyle | undefined {
  const name = typeof style === 'string' ? style.replace('PKDateStyle', '').toLowerCase() : '';
  return ['full', 'long', 'medium', 'short'].includes(name) ? (name as DateStyle) : undefined;
}
