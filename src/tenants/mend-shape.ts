import type { z } from 'zod';
import { pointer } from '../common/clean-text.js';

/** Stand-ins of keys that have a form of their own and must be there. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  id: 'ptk_0x0',
  type: 'text',
  style: 'generic',
  format: 'PKBarcodeFormatQR',
  passTypeIdentifier: 'pass.example',
  fields: [],
};

/** Beyond so many faults of shape an author mends those first. */
const MOST_MENDED = 50;

type Json = Record<PropertyKey, unknown>;

/**
 * A file whose shape is wrong in places, with stand-ins there, so that the rules can judge everything else: an author
 * hears of all faults at once. `mended` are the JSON pointers of the stand-ins, about which nothing is to be said. Undefined
 * where no stand-in fits. What comes out is for judging, and for a person to go over, never for use as it is.
 */
export function mendShape<S extends z.ZodType>(
  schema: S,
  json: unknown,
  prefer: 'stand-in' | 'removal' = 'stand-in',
): { value: z.infer<S>; mended: string[] } | undefined {
  const root: unknown = structuredClone(json);
  const mended: string[] = [];
  for (let round = 0; round <= MOST_MENDED; round += 1) {
    const parsed = schema.safeParse(root);
    if (parsed.success) return { value: parsed.data, mended };
    const [issue] = parsed.error.issues;
    if (!issue || typeof root !== 'object' || root === null) return undefined;
    if (issue.code === 'unrecognized_keys') {
      const owner = at(root, issue.path) as Json;
      for (const key of issue.keys) {
        delete owner[key];
        mended.push(pointerOf([...issue.path, key]));
      }
    } else {
      if (issue.path.length === 0) return undefined;
      if (!mend(schema, root, issue, prefer)) return undefined;
      mended.push(pointerOf(issue.path));
    }
  }
  return undefined;
}

const pointerOf = (path: readonly PropertyKey[]): string => pointer(...path.map(String));

const at = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((value, key) => (value as Json)[key], root);

/** Puts the first stand-in that takes the fault away; false where none does. */
function mend(schema: z.ZodType, root: unknown, issue: z.core.$ZodIssue, prefer: 'stand-in' | 'removal'): boolean {
  const key = issue.path.at(-1)!;
  const owner = at(root, issue.path.slice(0, -1)) as Json;
  const given = owner[key];
  const remove = Symbol('remove');
  const isLong = issue.code === 'too_big' && (Array.isArray(given) || typeof given === 'string');
  const own = typeof key === 'string' && Object.hasOwn(STAND_INS, key) ? [STAND_INS[key]] : [];
  const candidates: unknown[] = [
    ...(isLong ? [given.slice(0, Number(issue.maximum))] : []),
    ...(typeof key !== 'string' ? ['x'] : prefer === 'removal' ? [remove, 'x'] : ['x', remove]),
    ...own,
    ...(issue.code === 'invalid_value' ? issue.values : []),
    {},
    [],
    1,
    true,
    { template: 'x' },
    { key: 'x', value: 'x' },
    { format: 'PKBarcodeFormatQR', message: 'x' },
    { apiFieldName: 'x', type: 'text' },
  ];
  const before = pointerOf(issue.path);
  for (const candidate of candidates) {
    if (candidate === remove) delete owner[key];
    else owner[key] = structuredClone(candidate);
    const { error } = schema.safeParse(root);
    const stays = error?.issues.some(({ path }) => `${pointerOf(path)}/`.startsWith(`${before}/`));
    if (!stays) return true;
  }
  owner[key] = given;
  return false;
}

/** Whether a place is one of these or inside of one. */
export const isMended = (path: string, mended: readonly string[]): boolean =>
  mended.some((one) => `${path}/`.startsWith(`${one}/`));
