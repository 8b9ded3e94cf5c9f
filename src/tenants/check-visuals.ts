import { pointer } from '../common/clean-text.js';
import type { JsonValue } from '../common/json.js';
import { nearest } from '../common/nearest-name.js';
import { tidyText } from '../common/tidy-text.js';
import { strayBraces } from '../passes/check-braces.js';
import { coerceValue } from '../passes/field-types.js';
import type { PassField, PassTypeDesign } from '../passes/pass-type.js';
import { placeholders } from '../passes/render.js';

type Add = (path: string, message: string, cure: string, severity?: 'warning') => void;

/** What to write in place of a name that no field has. */
export function cureField(name: string, fields: readonly PassField[]): string {
  const known = fields.map((field) => field.apiFieldName);
  const near = nearest(name, known);
  return near ? `write "${near}".` : `use one of ${known.join(', ')}, or add the field.`;
}

/** Visuals: what they are computed from, cases that never come, and whether anything shows them. */
export function checkVisuals(design: PassTypeDesign, add: Add): void {
  const known = new Set(design.fields.map((field) => field.apiFieldName));
  const shown = new Set(placeholders({ ...design, visuals: {} } as unknown as JsonValue));
  for (const [name, visual] of Object.entries(design.visuals)) {
    const at = pointer('visuals', name);
    if (!/^[\w.-]+$/.test(name)) {
      add(at, `no placeholder can name "${name}".`, 'name it by letters, digits, "-" and "_".');
    } else if (!shown.has(`visual.${name}`)) {
      const cure = `write {{visual.${name}}} where it belongs, or remove it.`;
      add(at, 'nothing of the design shows this visual.', cure, 'warning');
    }
    if ('from' in visual) {
      if (!known.has(visual.from)) {
        const cure = cureField(visual.from, design.fields);
        add(`${at}/from`, `there is no field "${visual.from}".`, cure);
      }
      checkCases(at, visual, design, add);
      continue;
    }
    for (const placeholder of placeholders(visual.template).filter((field) => !known.has(field))) {
      const cure = `a visual is computed from fields alone: ${cureField(placeholder, design.fields)}`;
      add(`${at}/template`, `the placeholder {{${placeholder}}} names no field.`, cure);
    }
  }
}

/** Cases against the values that the field can have: one that never comes is a slip, one without a case shows nothing. */
function checkCases(
  at: string,
  visual: { from: string; cases: object; default?: string | undefined },
  design: PassTypeDesign,
  add: Add,
): void {
  const cases = Object.keys(visual.cases);
  if (cases.length === 0 && visual.default === undefined) {
    add(at, 'without a case and a default it is never there.', 'add the cases, or remove it.', 'warning');
  }
  const first = new Map<string, string>();
  for (const key of cases) {
    const before = first.get(key.toLowerCase());
    first.set(key.toLowerCase(), before ?? key);
    const path = at + pointer('cases', key);
    if (placeholders(key).length > 0 || strayBraces(key) !== undefined) {
      add(path, 'a case is a value, and placeholders in it are not filled.', 'write the value itself.');
    } else if (before !== undefined) {
      add(path, `"${before}" is the same value: case does not count.`, 'keep one of the two.', 'warning');
    } else checkCase(key, path, visual.from, design, add);
  }
  const { oneOf } = design.fields.find(({ apiFieldName }) => apiFieldName === visual.from) ?? {};
  const without = (oneOf ?? []).filter((one) => !first.has(one.toLowerCase()));
  if (visual.default !== undefined || without.length === 0) return;
  const said = without.map((one) => `"${one}"`).join(', ');
  add(at, `there is no case for ${said} and no default.`, 'add a case or a default.', 'warning');
}

/** A case that the field never has: not listed, of another type, or not as values are stored. An empty one stands for no value. */
function checkCase(key: string, path: string, from: string, design: PassTypeDesign, add: Add): void {
  const field = design.fields.find(({ apiFieldName }) => apiFieldName === from);
  if (!field || key === '') return;
  const near = field.oneOf && nearest(key, field.oneOf);
  if (near && near.toLowerCase() !== key.toLowerCase()) {
    return add(path, `"${from}" is never "${key}".`, `write "${near}".`, 'warning');
  }
  const read = coerceValue(field, key, false);
  const stored = 'value' in read ? String(read.value) : undefined;
  if (stored === undefined) {
    const cure = field.oneOf
      ? `remove it, or add it to oneOf of "${from}".`
      : `write a value of the type ${field.type}.`;
    add(path, `"${from}" is never "${key}".`, cure, 'warning');
  } else if (stored.toLowerCase() !== key.toLowerCase() || tidyText(key) !== key) {
    add(path, `"${from}" is never "${key}": it is stored as "${stored}".`, `write "${stored}".`, 'warning');
  }
}
