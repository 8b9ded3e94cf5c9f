import type { JsonValue } from '../common/json.js';
import { sameJson } from '../common/same-json.js';
import type { PassTypeDesign } from './pass-type.js';
import { literalsOf } from './possible-values.js';
import { placeholders, renderShownText, type Times } from './render.js';

/**
 * Computes the data-dependent visuals of a pass (colours, image names, texts). Pure and total: a case that
 * nobody listed takes the default, and a visual without a default is left out.
 */
export function computeVisuals(
  design: Pick<PassTypeDesign, 'visuals'>,
  fields: Readonly<Record<string, JsonValue>>,
  times?: Times,
): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, visual] of Object.entries(design.visuals)) {
    if ('template' in visual) {
      out[name] = renderShownText(visual.template, {
        fields,
        visuals: {},
        pass: {},
        ...(times && { times: isSentence(visual.template) ? times : moments(times) }),
      });
      continue;
    }
    const value = Object.hasOwn(fields, visual.from) ? fields[visual.from] : undefined;
    const key = value == null ? '' : String(value);
    const byCase = Object.keys(visual.cases).find((c) => c === key || c.toLowerCase() === key.toLowerCase());
    const chosen = byCase === undefined ? visual.default : visual.cases[byCase];
    if (chosen !== undefined) out[name] = chosen;
  }
  return out;
}

/** Words with a blank between them and a value, as people read them: "Until {{until}}", not "strip-{{until}}". */
function isSentence(template: string): boolean {
  const literals = literalsOf(template).join('\u0000');
  return /\p{L}/u.test(literals) && /\s/.test(literals);
}

/** Any other visual may name a file or end a pass: its days stay as they are, only moments are written for people. */
const moments = (times: Times): Times => ({
  ...times,
  types: Object.fromEntries(Object.entries(times.types).filter(([, type]) => type === 'datetime')),
});

/** A visual before and after, under its name in the audit trail: `visual.strip`. */
export type VisualChanges = Record<string, { from: string | null; to: string | null }>;

/** What differs between two sets of visuals, by name. */
export function visualChanges(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): VisualChanges {
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])];
  return Object.fromEntries(
    names
      .map((name) => [`visual.${name}`, { from: before[name] ?? null, to: after[name] ?? null }] as const)
      .filter(([, { from, to }]) => !sameJson(from, to)),
  );
}

/** Fields that a visual is computed from: those it names, and those that hold the zone of the days and times in it. */
function sourcesOf(
  visual: PassTypeDesign['visuals'][string],
  { fields, timeZone }: Pick<PassTypeDesign, 'fields' | 'timeZone'>,
): string[] {
  if ('from' in visual) return [visual.from];
  const named = placeholders(visual.template);
  const dated = fields.filter(({ apiFieldName, type }) => type.startsWith('date') && named.includes(apiFieldName));
  const zones = dated.flatMap((field) => [field.timeZone, timeZone]).filter((zone) => zone !== undefined);
  return [...named, ...placeholders(zones)];
}

/**
 * The visuals of a pass after some of its fields changed: those whose `from` or `template` names one of them, or whose
 * days are in a zone that one of them holds, are computed again, the others stay. `fields` are the values after the change, defaults included.
 */
export function followVisuals(
  design: Pick<PassTypeDesign, 'visuals' | 'fields' | 'timeZone'>,
  before: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, JsonValue>>,
  changedFields: readonly string[],
  times?: Times,
): { visuals: Record<string, string>; changed: VisualChanges } {
  const changed = new Set(changedFields);
  const following = Object.fromEntries(
    Object.entries(design.visuals).filter(([, visual]) => sourcesOf(visual, design).some((name) => changed.has(name))),
  );
  const kept = Object.entries(before).filter(([name]) => !Object.hasOwn(following, name));
  const visuals = { ...Object.fromEntries(kept), ...computeVisuals({ visuals: following }, fields, times) };
  return { visuals, changed: visualChanges(before, visuals) };
}
