import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '../../../src/common/json.js';
import { passTypeDesign } from '../../../src/passes/pass-type.js';
import { applePassJson } from '../../../src/wallets/apple/pass-json.js';
import { checkRule } from '../../../src/wallets/apple/rules/check-rule.js';
import { EXTRA_KEYS, FIELD_KEYS } from '../../../src/wallets/apple/rules/pass-keys.js';
import type { Rule } from '../../../src/wallets/apple/rules/rule.js';
import { base, type Json } from './design-faults.js';

/** Values of which each fits somewhere and breaks everything else. */
const VALUES: JsonValue[] = [
  ...['right', '2026-12-31', '31.12.2026', '10000-01-01', '12', '-1', '1e400', 'true', '😀', 'https://a.example'],
  ...[
    'javascript:x',
    '#fff',
    'navy',
    'EUR',
    'eur',
    'Europe/Berlin',
    'CET+1',
    '<b>x</b>',
    '%@ 5%',
    'a\nb',
    'x'.repeat(500),
  ],
  ...['PKNumberStyleDecimal', 'PKDateStyleShort', 'E2C56DB5-DFFB-48D2-B060-D0F5A71096E0', 'a'.repeat(64)],
  ...[1e21, -0.5, 0, 91, true],
  ...[['a'], { a: 1 }],
];

/** A part of a design in which one value stands at every place. */
function template(rule: Rule): JsonValue {
  if (rule.is === 'object')
    return Object.fromEntries(Object.entries(rule.keys).map(([key, of]) => [key, template(of)]));
  return rule.is === 'list' ? [template(rule.of)] : '{{a-text}}';
}

/** How many values a part holds. */
const leaves = (value: JsonValue | undefined): number =>
  value !== null && typeof value === 'object'
    ? Object.values(value).reduce((sum: number, inner) => sum + leaves(inner), 0)
    : Number(value !== undefined);

function made(apple: object, value: JsonValue): { pass: Json; told: string[] } {
  const told: string[] = [];
  const pass = applePassJson({
    design: passTypeDesign.parse(base({ style: 'eventTicket', ...apple })),
    teamIdentifier: 'ABCDE12345',
    serialNumber: 's',
    authenticationToken: 'x'.repeat(16),
    webServiceUrl: 'https://passes.example/apple',
    view: { fields: { 'a-text': value }, visuals: {}, pass: {} },
    state: 'active',
    modifiedAt: new Date(0),
    leaveOut: ({ pointer }) => void told.push(pointer),
  });
  return { pass, told };
}

/** What the rules refuse of a rendered part; a text that looks like a placeholder is none any more. */
function refused(rule: Rule, value: JsonValue): string[] {
  const found: string[] = [];
  checkRule(rule, value, '', { fields: [], visuals: {} } as Json, (path, message, _, severity) => {
    if (severity === undefined) found.push(`${path}: ${message}`);
  });
  return found;
}

const TEMPLATES = Object.entries(EXTRA_KEYS).filter(([key]) => key !== 'userInfo');

test(`${VALUES.length} values at every place of ${TEMPLATES.length} keys break no pass, and what they cost is told`, () => {
  const broken: string[] = [];
  for (const value of VALUES) {
    for (const [key, rule] of TEMPLATES) {
      const part = template(rule);
      const { pass, told } = made({ extra: { [key]: part } }, value);
      const said = `${key} of ${JSON.stringify(value)?.slice(0, 40)}`;
      const out = pass[key] as JsonValue | undefined;
      if (out !== undefined) broken.push(...refused(rule, out).map((why) => `${said}: ${why}`));
      const isWhole = typeof value === 'object' ? out !== undefined : leaves(out) === leaves(part);
      if (!isWhole && !told.some((pointer) => pointer.startsWith(`/apple/extra/${key}`)))
        broken.push(`${said} is lost in silence`);
    }
  }
  assert.deepEqual(broken, []);
});

test('the same for every key of a field', () => {
  const broken: string[] = [];
  for (const value of VALUES) {
    for (const [key, rule] of Object.entries(FIELD_KEYS).filter(([name]) => name !== 'key' && name !== 'value')) {
      for (const shown of ['words', '{{a-text}}', 12, '2026-12-31']) {
        const field = { key: 'k', value: shown, [key]: template(rule) };
        const { pass, told } = made({ backFields: [field] }, value);
        const said = `${key} of ${JSON.stringify(value)?.slice(0, 40)} on ${shown}`;
        const [out] = (pass.eventTicket.backFields ?? []) as Json[];
        if (!out) {
          if (typeof value !== 'object' && told.length === 0) broken.push(`${said}: the field is lost in silence`);
          continue;
        }
        if (out[key] !== undefined)
          broken.push(...refused(rule, out[key] as JsonValue).map((why) => `${said}: ${why}`));
        const isStyled = 'dateStyle' in out || 'timeStyle' in out;
        const isCounted = 'numberStyle' in out || 'currencyCode' in out;
        if (isStyled && isCounted) broken.push(`${said}: styles of both kinds`);
        if (isCounted && typeof out.value !== 'number') broken.push(`${said}: a style of numbers on ${out.value}`);
        if (isStyled && Number.isNaN(Date.parse(String(out.value)))) broken.push(`${said}: a style of dates`);
        if (out[key] === undefined && !told.some((pointer) => pointer.startsWith('/apple/backFields/0'))) {
          broken.push(`${said} is lost in silence`);
        }
      }
    }
  }
  assert.deepEqual(broken, []);
});
