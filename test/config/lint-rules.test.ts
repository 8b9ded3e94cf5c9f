import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';

const eslint = new ESLint({ cwd: fileURLToPath(new URL('../../', import.meta.url)) });

/** The rules of ours that a text breaks, as if it were this file. */
async function broken(file: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: file });
  return result!.messages.map(({ ruleId }) => ruleId ?? 'does not parse').sort();
}

/** What each rule must refuse, and beside it what it must let through. */
const CASES: [rule: string, file: string, refused: string, taken: string][] = [
  [
    'house/catch-has-reason',
    'src/api/one.ts',
    'export const stop = (work: Promise<void>) => work.catch(() => undefined);',
    '// It only shows.\nexport const stop = (work: Promise<void>) => work.catch(() => undefined);',
  ],
  [
    'house/catch-has-reason',
    'client/src/one.ts',
    'export function stop(end: () => void) { try { end(); } catch {} }',
    'export function stop(end: () => void) { try { end(); } catch { /* It is gone already. */ } }',
  ],
  [
    'no-restricted-syntax',
    'src/api/one.ts',
    "export const isLost = (error: Error) => error.message.includes('terminated');",
    "export const isLost = (error: { code: string }) => error.code === 'ECONNRESET';",
  ],
  [
    'no-restricted-syntax',
    'src/database/one.ts',
    'export const isLost = (cause: Error) => /terminated/.test(cause.message);',
    'export const speaks = (field: { message: string }) => /%@/.test(field.message);',
  ],
  [
    'no-restricted-syntax',
    'src/api/one.ts',
    "export const look = (db: { query(text: string): void }) => db.query('select 1');",
    'export const look = (db: { find(id: string): void }) => db.find("1");',
  ],
  [
    'house/no-deep-ternaries',
    'src/api/one.ts',
    'export const word = (n: number) => (n === 1 ? "one" : n === 2 ? "two" : n === 3 ? "three" : "many");',
    'export const word = (n: number) => (n === 1 ? "one" : n === 2 ? "two" : "many");',
  ],
  [
    'rooms/directions',
    'src/passes/one.ts',
    "export { createApp } from '../api/app.js';",
    "export { isBlank } from '../common/clean-text.js';",
  ],
  [
    'rooms/directions',
    'src/tracing/one.ts',
    "export { startSdk } from './sdk/start-sdk.js';",
    "export const load = () => import('./sdk/start-sdk.js');",
  ],
  [
    'rooms/directions',
    'src/passes/one.ts',
    "export const load = () => import('../api/app.js');",
    "export const load = () => import('../common/clean-text.js');",
  ],
];

for (const [index, [rule, file, refused, taken]] of CASES.entries()) {
  test(`lint refuses what ${rule} is for, and nothing beside it (${index + 1})`, async () => {
    const [wrong, right] = [await broken(file, refused), await broken(file, taken)];
    assert.ok(wrong.includes(rule), `${file}: ${refused} breaks ${wrong.join(', ') || 'nothing'}`);
    assert.deepEqual(
      right.filter((one) => one === rule),
      [],
      taken,
    );
  });
}
