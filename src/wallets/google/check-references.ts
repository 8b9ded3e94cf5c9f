import type { JsonValue } from '../../common/json.js';
import type { GoogleDesign } from '../../passes/pass-type.js';
import { placeholders } from '../../passes/render.js';
import type { DesignProblem } from './check-design.js';
import { fieldType, schemaName, shapeOf, type FieldType } from './schema.js';

type Json = Readonly<Record<string, JsonValue | undefined>>;
const objectOf = (value: JsonValue | undefined): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

/** Every object of a part of a design with the path to it. */
function* objectsIn(value: JsonValue | undefined, path: string): Generator<[path: string, value: Json]> {
  if (value === null || typeof value !== 'object') return;
  if (!Array.isArray(value)) yield [path, value];
  for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, `${path}.${key}`);
}

/** What holds between the parts of a design: rows name fields that exist, and no id or language appears there twice. */
export function checkReferences(design: GoogleDesign): DesignProblem[] {
  const problems: DesignProblem[] = [];
  for (const part of ['class', 'object'] as const) {
    for (const [path, value] of objectsIn(design[part], part)) {
      const { fieldPath } = value;
      const lost = typeof fieldPath === 'string' ? lostReference(design, fieldPath) : undefined;
      if (lost) {
        const message = `"${String(fieldPath)}" ${lost.says}, so its place stays empty`;
        problems.push({ path: `${path}.fieldPath`, message, cure: lost.cure });
      }
      problems.push(...twice(value['translatedValues'], 'language', `${path}.translatedValues`));
    }
    for (const list of ['textModulesData', 'imageModulesData', 'messages']) {
      problems.push(...twice(design[part][list], 'id', `${part}.${list}`));
    }
    problems.push(...twice(objectOf(design[part]['linksModuleData'])['uris'], 'id', `${part}.linksModuleData.uris`));
  }
  return problems;
}

function twice(list: JsonValue | undefined, key: 'id' | 'language', path: string): DesignProblem[] {
  const seen = new Set<string>();
  return listOf(list).flatMap((item, index): DesignProblem[] => {
    const said = objectOf(item)[key];
    if (typeof said !== 'string' || placeholders(said).length > 0) return [];
    const name = key === 'language' ? said.toLowerCase() : said;
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const message = `the ${key} "${said}" appears there twice, and one of the two is never seen`;
    return [{ path: `${path}.${index}.${key}`, message, cure: 'Keep one of them, or give it its own.' }];
  });
}

/** One step of a path: a field, and an id in brackets where it is a list. */
const STEP = /^([A-Za-z]\w*)(?:\[['"]?([\w-]+)['"]?\])?$/;

/** What a path of a row names that is not there; undefined where it leads to a field. */
function lostReference(design: GoogleDesign, fieldPath: string): { says: string; cure: string } | undefined {
  const [part = '', ...steps] = fieldPath.split('.');
  if ((part !== 'class' && part !== 'object') || steps.length === 0) {
    return {
      says: 'names no field',
      cure: `Begin it with "object." or "class.", such as object.textModulesData['id'].`,
    };
  }
  const typeName = schemaName(`${design.type}${part === 'class' ? 'Class' : 'Object'}`);
  let type: FieldType | undefined = { array: false, is: 'type', name: typeName, shape: shapeOf(typeName)! };
  let value: JsonValue | undefined = design[part];
  for (const step of steps) {
    const [, field = '', id] = STEP.exec(step) ?? [];
    const owner: FieldType | undefined = type;
    type = owner?.is === 'type' ? fieldType(owner.shape, field) : undefined;
    if (!type) return { says: `names "${step}", which no ${typeName} has`, cure: 'Correct the path.' };
    value = objectOf(value)[field];
    if (id === undefined) continue;
    const items = listOf(value);
    const found = items.find(
      (item) => objectOf(item)['id'] === id || placeholders(objectOf(item)['id'] ?? '').length > 0,
    );
    if (found === undefined && !/^\d+$/.test(id)) {
      const ids = items.flatMap((item) => objectOf(item)['id'] ?? []).join(', ');
      return {
        says: `names the id "${id}", which is not in ${part}.${field}`,
        cure: `Use one of ${ids || 'its ids'}, or add it.`,
      };
    }
    value = found ?? items[Number(id)];
  }
  return undefined;
}
