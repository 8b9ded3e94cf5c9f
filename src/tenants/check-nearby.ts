import { pointer } from '../common/clean-text.js';
import type { PassTypeDesign } from '../passes/pass-type.js';
import { placeholders } from '../passes/render.js';

type Add = (path: string, message: string, cure: string) => void;

const UNFIT = ['boolean', 'date', 'datetime', 'url'];

/** The list of places of a design: ids, and the fields that hold the customer's point and visits. */
export function checkNearby({ nearby, fields }: PassTypeDesign, add: Add): void {
  if (!nearby) return;
  const seen = new Set<string>();
  for (const [index, { id }] of (typeof nearby.places === 'string' ? [] : nearby.places).entries()) {
    if (seen.has(id)) {
      add(pointer('nearby', 'places', index, 'id'), `the place "${id}" appears there twice.`, 'give each its own id.');
    }
    seen.add(id);
  }
  for (const key of ['latitude', 'longitude', 'visited'] as const) {
    const template = nearby[key];
    if (template === undefined) continue;
    const names = placeholders(template);
    const path = pointer('nearby', key);
    if (names.length !== 1) {
      add(path, `"${template}" is not one placeholder.`, `write the field that holds it: "{{home-${key}}}".`);
      continue;
    }
    const field = fields.find(({ apiFieldName }) => apiFieldName === names[0]);
    if (!field) add(path, `there is no field "${names[0]}".`, 'add it to fields, or correct the name.');
    else if (key === 'visited' ? field.type !== 'text' : UNFIT.includes(field.type)) {
      const wanted = key === 'visited' ? 'text' : 'number';
      add(path, `"${names[0]}" is a field of the type ${field.type}.`, `make it ${wanted}, or name another field.`);
    }
  }
}
