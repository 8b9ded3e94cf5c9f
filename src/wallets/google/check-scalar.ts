import type { JsonValue } from '../../common/json.js';
import { isEmptyText } from '../../common/tidy-text.js';
import type { FieldType as FieldKind, PassTypeDesign } from '../../passes/pass-type.js';
import { literalsOf, possibleValues, soleField } from '../../passes/possible-values.js';
import { placeholders } from '../../passes/render.js';
import type { Place, Report } from './check-design.js';
import { fitScalar, isDateField, isUriField } from './scalar-values.js';
import type { FieldType } from './schema.js';
import { isEssential, REQUIRED } from './schema-rules.js';
import { textForm } from './text-forms.js';

type Scalar = Exclude<FieldType, { is: 'type' }>;

/** Types of fields that never become a value of the schema's. */
const UNFIT: Readonly<Record<string, readonly FieldKind[]>> = {
  int32: ['boolean', 'date', 'datetime', 'url'],
  int64: ['boolean', 'date', 'datetime', 'url'],
  double: ['boolean', 'date', 'datetime', 'url'],
  boolean: ['number', 'integer', 'date', 'datetime', 'url'],
  enum: ['boolean', 'number', 'integer', 'date', 'datetime', 'url'],
};

/** Signs of which values are made; a text around a placeholder that holds another one spoils whatever it says. */
const SIGNS: Readonly<Record<string, RegExp>> = {
  int32: /^[\d+\-e. ]*$/i,
  int64: /^-?\d*$/,
  double: /^[\d+\-e. ]*$/i,
  boolean: /^[a-z]*$/i,
  enum: /^\w*$/,
};
const DATE_SIGNS = /^[\dTZ:.+\- ]*$/i;
const COLOUR_SIGNS = /^[#rgb\da-f(), ]*$/i;

/** One value against its place in Google's description; a template against what its fields and visuals can say. */
export function checkScalar(
  value: JsonValue,
  type: Scalar,
  place: Place,
  design: Pick<PassTypeDesign, 'fields' | 'visuals'>,
  report: Report,
): void {
  if (typeof value === 'string' && placeholders(value).length > 0)
    return checkTemplate(value, type, place, design, report);
  const fitting = (): void => {
    const fitted = fitScalar(value, type, { ...place, zone: undefined, dayAs: 'start' });
    if ('refused' in fitted) report(...partsOf(fitted.refused));
  };
  if (type.is === 'enum') {
    if (typeof value === 'string' && type.names.includes(value)) return;
    const near = type.names.find(
      (name) => name.replaceAll('_', '') === String(value).replaceAll('_', '').toUpperCase(),
    );
    return report('not one of the names that Google takes', `Write ${near ?? `one of: ${type.names.join(', ')}`}.`);
  }
  if (type.is === 'string') {
    if (typeof value !== 'string') return report('a text is expected', 'Put it in quotation marks.');
    if (isEmptyText(value)) {
      const isNeeded = isEssential(place.owner, place.field) || REQUIRED[place.owner]?.includes(place.field);
      if (isNeeded) return report('it is empty', 'Write a value, or remove it.');
      if (!textForm(place.owner, place.field)) {
        return report('it is empty and says nothing', 'Write a value, or remove it.', 'warning');
      }
    }
    if (isUriField(place) && !/^[a-z][a-z0-9+.-]*:/i.test(value)) {
      return report('a URI needs a scheme', 'Begin it with https://.');
    }
    if (place.field === 'hexBackgroundColor' && !/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value)) {
      return report('not a colour', 'Write it as #rrggbb.');
    }
    return fitting();
  }
  if (type.is === 'boolean') {
    if (typeof value !== 'boolean') report('true or false is expected', 'Write it without quotation marks.');
    return;
  }
  if (type.is === 'int64') {
    if (!/^-?\d+$/.test(String(value))) report('a whole number is expected', 'Write digits only.');
    return fitting();
  }
  const whole = type.is === 'int32';
  if (typeof value !== 'number' || (whole && !Number.isSafeInteger(value))) {
    return report(`a ${whole ? 'whole ' : ''}number is expected`, 'Write it without quotation marks.');
  }
  fitting();
}

const partsOf = (refused: string): [message: string, cure: string] => {
  const at = refused.indexOf(': ');
  const message = at === -1 ? refused : refused.slice(0, at);
  const cure = at === -1 ? 'correct it' : refused.slice(at + 2);
  return [message, `${cure[0]!.toUpperCase()}${cure.slice(1)}.`];
};

function checkTemplate(
  value: string,
  type: Scalar,
  place: Place,
  design: Pick<PassTypeDesign, 'fields' | 'visuals'>,
  report: Report,
): void {
  const scheme = /^([a-z][a-z0-9+.-]*:|\{\{)/i;
  if (isUriField(place) && !scheme.test(value)) return report('a URI needs a scheme', 'Begin it with https://.');
  const field = soleField(value, design);
  const unfit = isDateField(place) ? ['boolean', 'number', 'integer', 'url'] : (UNFIT[type.is] ?? []);
  if (field && unfit.includes(field.type)) {
    const { apiFieldName: name } = field;
    return report(`the field ${name} is of the type ${field.type}, which never fits here`, 'Name another field.');
  }
  const possible = possibleValues(value, design);
  for (const one of possible ?? []) {
    const fitted = one === '' ? undefined : fitScalar(one, type, { ...place, zone: undefined, dayAs: 'start' });
    if (fitted && 'refused' in fitted) {
      const [message, cure] = partsOf(fitted.refused);
      report(`"${one}" ${message}`, cure);
    }
  }
  const form = textForm(place.owner, place.field);
  const signs =
    (isDateField(place) ? DATE_SIGNS : undefined) ??
    (place.field === 'hexBackgroundColor' ? COLOUR_SIGNS : (form?.signs ?? SIGNS[type.is]));
  if (possible || !signs || literalsOf(value).every((part) => signs.test(part))) return;
  report('the text around the placeholder never fits here', form ? `${form.cure}.` : 'Name the field alone.');
}
