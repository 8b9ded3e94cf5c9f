import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '../../../src/common/json.js';
import { checkGoogleDesign } from '../../../src/wallets/google/check-design.js';
import { fieldType, schemaName, shapeOf, type FieldType } from '../../../src/wallets/google/schema.js';
import { ONE_ONLY } from '../../../src/wallets/google/schema-rules.js';
import { googleObject } from '../../../src/wallets/google/wallet-object.js';
import { designs } from './fixtures.js';

/** Values of which each fits somewhere and breaks everything else. */
const VALUES: JsonValue[] = [
  ...['x', '2026-12-31', '2026-12-31T18:30', '31.12.2026', '10000-01-01', '12', '-1', '0012', '1e400', 'true', '😀'],
  ...['https://a.example/a.png', 'javascript:x', 'tel:', '#fff', 'rgb(1, 2, 3)', 'navy', 'EUR', 'eur', 'de', 'de_DE!'],
  ...['QR_CODE', 'code128', 'x'.repeat(3000), 'a\nb', '1.offer-gold', '9223372036854775808', 'a'.repeat(64)],
  ...[1e21, -12_500_000, 12.5, 0, 91, true],
  ...[['a'], { a: 1 }],
];
const NOT_OURS = ['id', 'classId', 'state', 'classReference', 'hasUsers', 'hasLinkedDevice', 'notifyPreference'];

/** A part of a design in which one value stands at every place; of fields that exclude each other the one at `turn`. */
function template(type: FieldType, turn: number): JsonValue {
  if (type.array) return [template({ ...type, array: false }, turn)];
  if (type.is !== 'type') return '{{v}}';
  const only = ONE_ONLY[type.name] ?? [];
  const chosen = only[turn % Math.max(1, only.length)];
  const names = Object.keys(type.shape).filter((name) => !only.includes(name) || name === chosen);
  return Object.fromEntries(names.map((name) => [name, template(fieldType(type.shape, name)!, turn)]));
}

/** Whether a part, or anything of it, is there. */
const leaves = (value: JsonValue | undefined): number =>
  value !== null && typeof value === 'object'
    ? Object.values(value).reduce((sum: number, inner) => sum + leaves(inner), 0)
    : Number(value !== undefined);

for (const [kind, whole] of Object.entries(designs)) {
  test(`${VALUES.length} values at every place of a ${kind} object break none of it, and what they cost is told`, () => {
    const broken: string[] = [];
    const shape = shapeOf(schemaName(`${whole.type}Object`))!;
    for (const field of Object.keys(shape).filter((name) => !NOT_OURS.includes(name))) {
      for (const [turn, value] of VALUES.entries()) {
        const part = template(fieldType(shape, field)!, turn);
        const told: string[] = [];
        const design = { ...whole, object: { ...whole.object, [field]: part } };
        const {
          id: _id,
          classId: _class,
          state: _state,
          ...object
        } = googleObject({
          design,
          classId: '1.c',
          objectId: '1.o',
          view: { fields: { v: value, firstName: 'Zoë', memberId: 7 }, visuals: {}, pass: { serialNumber: 's' } },
          state: 'ACTIVE',
          notify: false,
          leaveOut: ({ path }) => void told.push(path),
        });
        const said = `${field} (${turn}) of ${JSON.stringify(value).slice(0, 40)}`;
        const wrong = checkGoogleDesign({ ...design, object }).filter(
          ({ path, severity }) => severity === undefined && path.startsWith(`object.${field}`),
        );
        broken.push(...wrong.map(({ path, message }) => `${said}: ${path} ${message}`));
        if (leaves(object[field]) < leaves(part) && typeof value !== 'object' && told.length === 0) {
          broken.push(`${said} is lost in silence: ${JSON.stringify(object[field])}`);
        }
      }
    }
    assert.deepEqual([...new Set(broken)].slice(0, 40), []);
  });
}
