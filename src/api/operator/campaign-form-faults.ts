import { LONGEST_DAYS } from '../requests/read-moment.js';
import type { FaultKind } from '../../common/fault-kind.js';
import type { FormFault } from '../../pages/form-faults.js';
import { FORM_CONTROLS, MOST_FORM_COMPARISONS, MOST_FORM_FIELDS } from '../../pages/campaign-words.js';
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
  '/schedule/hours': 'hoursUntil',
};

/** Rows of the form that name a field, in the order in which the body has them. */
const rowsOf = (form: Form, control: string, most: number): number[] =>
  Array.from({ length: most }, (_, index) => index + 1).filter((n) => (form[`${control}${n}`] ?? '').trim() !== '');

/** The control that a place of the body was filled from; null where it is none of one control. */
function controlOf(pointer: string, kind: FaultKind | undefined, form: Form): string | null {
  const parts = pointer.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const compared = /^\/audience\/filter\/fields\/(\d+)(?:\/(field))?/.exec(pointer);
  if (compared) {
    const n = rowsOf(form, 'filterField', MOST_FORM_COMPARISONS)[Number(compared[1])] ?? 1;
    return `filter${compared[2] ? 'Field' : 'Value'}${n}`;
  }
  const set = /^\/action(?:\/offer)?\/fields(?:\/([^/]*))?/.exec(pointer);
  if (set) {
    const rows = rowsOf(form, 'field', MOST_FORM_FIELDS);
    if (kind === 'column') return `from${rows.find((row) => form[`from${row}`] === 'column') ?? 1}`;
    const name = parts[pointer.startsWith('/action/offer') ? 4 : 3];
    const n = rows.find((row) => form[`field${row}`]!.trim() === name) ?? rows[0] ?? 1;
    // A name that does not fit has no kind: what it is, its sentence says.
    return name === undefined || kind === undefined ? `field${n}` : `value${n}`;
  }
  const last = parts.at(-1)!;
  const name = CONTROLS[pointer.replace(/\/\d{1,3}$/, '')] ?? (Object.hasOwn(FORM_CONTROLS, last) ? last : parts[3]);
  return name !== undefined && Object.hasOwn(FORM_CONTROLS, name) ? name : null;
}

interface Said {
  label: string;
  wants: string;
  /** What was filled in. */
  value: string;
  /** The label of the control that begins where this one ends. */
  after: string;
}

const MOST_QUOTED = 60;
const quoted = (text: string): string => (text.length > MOST_QUOTED ? `${text.slice(0, MOST_QUOTED)}…` : text);
const isEmpty = ({ label, wants }: Said): string => `“${label}” is empty: ${wants}.`;

/** Each kind in the words of the form. */
const WORDS: Readonly<Record<FaultKind, (said: Said) => string>> = {
  missing: isEmpty,
  form: (said) =>
    said.value === '' ? isEmpty(said) : `“${said.label}” does not take “${quoted(said.value)}”: ${said.wants}.`,
  length: ({ label, wants }) => `“${label}” is too long: ${wants}.`,
  tag: ({ label, wants }) => `“${label}” still holds a template tag: ${wants}.`,
  passed: ({ label }) => `“${label}” has passed: choose a time to come.`,
  far: ({ label }) => `“${label}” is more than ${LONGEST_DAYS} days away: check the year.`,
  order: ({ label, after }) => `“${label}” is not after “${after}”: choose a later time.`,
  same: ({ label, after }) => `“${label}” is the same as “${after}”: choose another time.`,
  column: () =>
    'A column belongs to a file, and none is chosen: choose “A CSV file”, or take the value from a property of the profile.',
};

/** What is wrong with the form: a sentence each in its own words, and the control that it is about. */
export const faultsOfForm = (errors: readonly ProblemItem[], form: Form): FormFault[] =>
  errors.map(({ pointer = '', message, cure = '', kind }) => {
    const control = controlOf(pointer, kind, form);
    const { label, wants, after } = (control === null ? undefined : FORM_CONTROLS[control]) ?? {};
    if (control === null || label === undefined || wants === undefined || kind === undefined) {
      const said = message.charAt(0).toUpperCase() + message.slice(1).replace(/\.$/, '');
      return { control, text: cure === '' ? `${said}.` : `${said}: ${cure.replace(/\.$/, '')}.` };
    }
    const value = (form[control] ?? '').trim();
    const begins = after === undefined ? '' : (FORM_CONTROLS[after]?.label ?? '');
    return { control, text: WORDS[kind]({ label, wants, value, after: begins }) };
  });
