import type { PassField, PassTypeDesign } from './pass-type.js';
import { placeholders } from './render.js';

type Design = Pick<PassTypeDesign, 'visuals' | 'fields'>;

/** The values that a design lists for a placeholder: the cases of a visual, `oneOf` of a field; undefined where any may come. */
export function listedValues(name: string, design: Design): string[] | undefined {
  if (!name.startsWith('visual.')) return fieldNamed(name, design)?.oneOf;
  const visual = Object.hasOwn(design.visuals, name.slice(7)) ? design.visuals[name.slice(7)] : undefined;
  if (!visual) return undefined;
  if ('template' in visual) return possibleValues(visual.template, design);
  return [...Object.values(visual.cases), ...(visual.default === undefined ? [] : [visual.default])];
}

export const fieldNamed = (name: string, { fields }: Pick<Design, 'fields'>): PassField | undefined =>
  fields.find(({ apiFieldName }) => apiFieldName === name);

const placeOf = (name: string): RegExp => new RegExp(`\\{\\{\\s*${name.replace(/\./g, '\\.')}\\s*\\}\\}`, 'g');

/** Beyond so many a template counts as open: a design with many visuals must not take minutes to check. */
const MOST = 500;

/** The values that a template can take where each of its placeholders has listed ones; undefined where it is open. */
export function possibleValues(template: string, design: Design): string[] | undefined {
  let values = [template];
  for (const name of placeholders(template)) {
    const listed = listedValues(name, design);
    if (!listed || listed.length * values.length > MOST) return undefined;
    values = values.flatMap((value) => listed.map((chosen) => value.replace(placeOf(name), () => chosen)));
  }
  return [...new Set(values)];
}

/** The texts around the placeholders of a template. */
export const literalsOf = (template: string): string[] => template.trim().split(/\{\{[^{}]*\}\}/);

/** The field whose value a template is as a whole, directly or through a visual; undefined where it is something else. */
export function soleField(template: string, design: Design): PassField | undefined {
  const name = /^\{\{\s*([A-Za-z][\w.-]*)\s*\}\}$/.exec(template.trim())?.[1];
  return name === undefined ? undefined : fieldNamed(name, design);
}

/** Whether a value of a name is always there: required, with a default, or a visual that has one for every case. */
function isAlwaysNamed(name: string, design: Design): boolean {
  if (name.startsWith('pass.')) return name !== 'pass.externalId';
  if (!name.startsWith('visual.')) {
    const field = fieldNamed(name, design);
    return field === undefined || field.required || field.default !== undefined;
  }
  const visual = Object.hasOwn(design.visuals, name.slice(7)) ? design.visuals[name.slice(7)] : undefined;
  if (!visual) return true;
  if ('template' in visual) return placeholders(visual.template).some((inner) => isAlwaysNamed(inner, design));
  return visual.default !== undefined;
}

/** Whether a template always has a value: a literal, or a placeholder whose value is always there. Unknown names count as there. */
export function isAlwaysThere(template: string | number, design: Design): boolean {
  if (typeof template === 'number') return true;
  const names = placeholders(template);
  return names.length === 0 || names.some((name) => isAlwaysNamed(name, design));
}
