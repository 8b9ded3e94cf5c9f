import type { JsonValue } from '../common/json.js';
import type { PassTypeDesign } from './pass-type.js';
import { renderText } from './render.js';

/**
 * Computes the data-dependent visuals of a pass (colours, image names, texts). Pure and total: a case that
 * nobody listed takes the default, and a visual without a default is left out.
 */
export function computeVisuals(
  design: Pick<PassTypeDesign, 'visuals'>,
  fields: Readonly<Record<string, JsonValue>>,
): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, visual] of Object.entries(design.visuals)) {
    if ('template' in visual) {
      out[name] = renderText(visual.template, { fields, visuals: {}, pass: {} });
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
