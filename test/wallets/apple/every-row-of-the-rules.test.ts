import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeDesign } from '../../../src/tenants/judge-design.js';
import { EVENT_TAGS, JOURNEY_TAGS, COMMON_TAGS } from '../../../src/wallets/apple/rules/semantic-tags.js';
import type { Rule } from '../../../src/wallets/apple/rules/rule.js';
import { base, FILES, tag, type Json } from './design-faults.js';
import { FACES, FILES_AND_TEXTS, PLACES } from './ledger-faces.js';
import { FIELDS, FORMS, TOP, type Row } from './ledger-rows.js';

/** The head of a PNG, which is all that a check reads. */
function png(points: number, name: string): Buffer {
  const scale = Number(/@(\d)x/.exec(name)?.[1] ?? 1);
  const bytes = Buffer.alloc(40);
  bytes.write('\x89PNG\r\n\x1a\n', 'latin1');
  bytes.write('IHDR', 12);
  bytes.writeUInt32BE(points * scale, 16);
  bytes.writeUInt32BE(points * scale, 20);
  return bytes;
}
const IMAGES = new Map(FILES.map((name) => [name, png(38, name)]));
const judged = (design: Json) =>
  judgeDesign('card.json', JSON.parse(JSON.stringify(design)) as unknown, IMAGES).filter(
    ({ file, path }) => file === 'card.json' && !path.startsWith('/visuals') && path !== '/name',
  );
const designOf = ({ style, apple = {} }: Pick<Row, 'style' | 'apple'>): Json =>
  structuredClone(
    base({ style, ...(style === 'boardingPass' && { transitType: 'PKTransitTypeTrain' }), ...apple }) as object,
  );

/** What is said of a design before the fault, once for rows that share it. */
const before = new Map<string, Set<string>>();
function soundOf(row: Row): Set<string> {
  const key = row.style + JSON.stringify(row.apple ?? {});
  const said = before.get(key) ?? new Set(judged(designOf(row)).map(({ path, message }) => path + message));
  before.set(key, said);
  return said;
}

/** A value that a rule can never have. */
const WRONG: Partial<Record<Rule['is'], unknown>> = {
  text: 5,
  word: true,
  boolean: 'yes',
  date: 'soon',
  zone: 'CET+1',
  number: 'x',
  integer: 1.5,
  enum: 'PKNothing',
  colour: 'navy',
  object: 'x',
  list: 'x',
};
/** Every tag with a value of another type, on a style that shows it. */
const TAGS: Row[] = (
  [
    ['eventTicket', EVENT_TAGS],
    ['boardingPass', JOURNEY_TAGS],
    ['generic', COMMON_TAGS],
  ] as const
).flatMap(([style, tags]) =>
  Object.entries(tags).flatMap(([name, rule]): Row[] => [
    { style, ...tag(`${name} of another type`, name, WRONG[rule.is]) },
    { style, ...tag(`${name} of null`, name, null) },
    { style, ...tag(`${name} in other capitals`, name.toUpperCase(), 'x') },
    ...(style === 'generic'
      ? []
      : [{ style: 'storeCard', ...tag(`${name} on a store card`, name, sound(rule), '', true) }]),
  ]),
);

/** A value that a rule takes. */
function sound(rule: Rule): unknown {
  if (rule.is === 'object')
    return Object.fromEntries((rule.required ?? []).map((key) => [key, sound(rule.keys[key]!)]));
  if (rule.is === 'list') return [sound(rule.of)];
  if (rule.is === 'enum') return rule.names[0];
  const right = { boolean: true, date: '2026-12-31', zone: 'Europe/Berlin', number: 1, integer: 1, colour: '#fff' };
  return Object.hasOwn(right, rule.is) ? right[rule.is as keyof typeof right] : 'x';
}

const ROWS = { FORMS, TOP, FIELDS, FACES, PLACES, TAGS, FILES_AND_TEXTS };

for (const [part, rows] of Object.entries(ROWS)) {
  test(`${part}: each of ${rows.length} faults is named at its place, and nothing else is`, () => {
    const wrong: string[] = [];
    for (const row of rows) {
      const clean = soundOf(row);
      const design = designOf(row);
      const at = row.put(design.apple, design);
      const found = judged(design);
      const there = found.filter(({ path }) => path === at);
      const named = there.some(({ severity }) => (severity === 'warning') === (row.borne ?? false));
      const others = found.filter(
        ({ path, message }) =>
          !`${path}/`.startsWith(`${at}/`) && !`${at}/`.startsWith(`${path}/`) && !clean.has(path + message),
      );
      const told = (row.borne && there.some(({ severity }) => severity === undefined)) || !named || others.length > 0;
      if (told)
        wrong.push(
          `${row.rule} [${row.style}] at ${at}: ${JSON.stringify(found.map(({ path, severity, message }) => [path, severity, message]))}`,
        );
    }
    assert.deepEqual(wrong, []);
  });
}
