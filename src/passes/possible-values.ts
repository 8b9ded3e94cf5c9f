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

/** The field whose value a template is as a whole, directly or through a visual; undefined where it is something else. */
export function soleField(template: string, design: Design): PassField | undefined {
  const name = /^\{\{\s*([A-Za-z][\w.-]*)\s*\}\}$/.exec(template.trim())?.[1];
  return name === undefined ? undefined : fieldNamed(name, design);
}
