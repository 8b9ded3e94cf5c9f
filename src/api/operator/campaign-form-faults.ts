import { MOST_FORM_COMPARISONS, MOST_FORM_FIELDS, type FormFault } from '../../pages/campaign-form.js';
import { LABELS } from '../../pages/campaign-words.js';
import type { ProblemItem } from '../problems.js';
import type { Form } from './inside.js';

/** Controls whose place in the body has another name. */
const CONTROLS: Readonly<Record<string, string>> = {
  '/audience/filter/passTypes': 'passType',
  '/action/passType': 'convertTo',
  '/action/offer/passType': 'offerType',
  '/schedule/atLocal': 'at',
  '/schedule/hours/from': 'hoursFrom',
  '/schedule/hours/until': 'hoursUntil',
  '/schedule/hours': 'hoursFrom',
};

/** Rows of the form that name a field, in the order in which the body has them. */
const rowsOf = (form: Form, control: string, most: number): number[] =>
  Array.from({ length: most }, (_, index) => index + 1).filter((n) => (form[`${control}${n}`] ?? '').trim() !== '');

/** The control that a place of the body was filled from, with its label; null where it is none of one control. */
function controlOf(pointer: string, form: Form): { control: string; label: string } | null {
  const parts = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.at(-1)!;
  const compared = /^\/audience\/filter\/fields\/(\d+)(?:\/(field))?/.exec(pointer);
  if (compared) {
    const n = rowsOf(form, 'filterField', MOST_FORM_COMPARISONS)[Number(compared[1])] ?? 1;
    return compared[2]
      ? { control: `filterField${n}`, label: `Only if field, ${n}` }
      : { control: `filterValue${n}`, label: `Compared with, ${n}` };
  }
  if (/^\/action(?:\/offer)?\/fields/.test(pointer)) {
    const rows = rowsOf(form, 'field', MOST_FORM_FIELDS);
    const n = rows.find((row) => form[`field${row}`]!.trim() === last) ?? rows[0] ?? 1;
    return { control: `field${n}`, label: `Field ${n}` };
  }
  const name = CONTROLS[pointer.replace(/\/\d{1,3}$/, '')] ?? (Object.hasOwn(LABELS, last) ? last : parts[3]);
  return name !== undefined && Object.hasOwn(LABELS, name)
    ? { control: name, label: LABELS[name as keyof typeof LABELS] }
    : null;
}

/** Cures that speak of JSON, as the form means them. */
const CURES: readonly [said: RegExp, meant: string][] = [
  [/^use a time such as \S+|^use a date and time without a zone, such as \S+/, 'choose a day and a time'],
  [/^write it (?:between|without) quotes/, 'write a value of the kind that the field has'],
  [/^add "value"/, 'fill in what it is compared with'],
  [/^leave "value" out/, 'leave empty what it is compared with'],
  [/^write \{"property": "…"\}/, 'choose “property of the profile”'],
  [/^add "[^"]*": /, 'fill it in: '],
];

const inFormWords = (text: string, key: string, label: string): string =>
  (text.startsWith(`${key} `) ? `“${label}”${text.slice(key.length)}` : text).replaceAll(`"${key}"`, `“${label}”`);

/** What is wrong with the form: a sentence each in its own words, and the control that it is about. */
export const faultsOfForm = (errors: readonly ProblemItem[], form: Form): FormFault[] =>
  errors.map(({ pointer = '', message, cure = '' }) => {
    const found = controlOf(pointer, form);
    const key = pointer.split('/').at(-1)!;
    const meant = CURES.reduce((text, [said, words]) => text.replace(said, words), cure);
    const sentence = `${message.replace(/\.$/, '')}${meant === '' ? '' : `: ${meant}`}`;
    if (!found) return { control: null, text: sentence };
    const said = inFormWords(sentence, key, found.label);
    return { control: found.control, text: said.includes(`“${found.label}”`) ? said : `${found.label}: ${said}` };
  });
