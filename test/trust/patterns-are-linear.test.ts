import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { createTextMask } from '../../src/common/mask-personal.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Node takes 16 KB of headers, and a field of a body may be far longer than any pattern needs. */
const LENGTH = 16_384;
const MOST_MS = 50;

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return name.endsWith('.ts') ? [path] : [];
  });
}

/** Every pattern that stands in the sources, with its place. */
function patterns(): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of [...sources(join(root, 'src')), ...sources(join(root, 'client'))]) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) found.set(node.text, file.slice(root.length));
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** Pieces that a pattern itself is made of, and those that patterns are commonly hurt by. */
function attacks(pattern: string): string[] {
  const own = pattern.match(/[\p{L}\p{N}@.:/%{}<>&+#"'-]{1,20}/gu) ?? [];
  const common = [
    '@.',
    'a@',
    '@',
    'a',
    'A1',
    '0',
    ' ',
    '\t',
    '\n',
    '/',
    '%',
    '{',
    '{{',
    '}',
    '.',
    '-',
    '+1 ',
    '&',
    '&#',
    '<',
    '"',
    "'",
    '(',
    '$',
    '\u0000',
    '\ud83d\ude00',
    'é',
    ',',
    ':',
    ';',
    '=',
    '\\',
    'None ',
    'serial number ',
  ];
  const pieces = [...new Set([...common, ...own])];
  return pieces.flatMap((piece) => {
    const text = piece.repeat(Math.ceil(LENGTH / piece.length)).slice(0, LENGTH);
    return [text, `${text}\u0001`, `${own[0] ?? ''}${text}!`];
  });
}

/** CPU time of this thread, so that a busy machine fails nobody; the best of several, as a pause of the collector counts too. */
function cpuMs(work: () => void, tries = 4): number {
  let best = Infinity;
  for (let i = 0; i < tries && best > MOST_MS; i++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

const use = (pattern: RegExp, text: string): void => {
  if (pattern.global) text.replace(pattern, '');
  else pattern.exec(text);
};

/** The time of the first attack that takes too long, else of the slowest. */
function slowest(literal: string): number {
  const end = literal.lastIndexOf('/');
  const pattern = new RegExp(literal.slice(1, end), literal.slice(end + 1));
  let most = 0;
  for (const text of attacks(literal)) {
    most = Math.max(
      most,
      cpuMs(() => use(pattern, text)),
    );
    if (most > MOST_MS) break;
  }
  return most;
}

test('no pattern of the sources takes longer than its text is long, whatever the text', () => {
  const all = patterns();
  assert.ok(all.size > 150, `only ${all.size} patterns were found`);
  const slow = [...all].flatMap(([literal, place]) => {
    const ms = slowest(literal);
    return ms > MOST_MS ? [`${place}: ${literal} took ${Math.round(ms)} ms`] : [];
  });
  assert.deepEqual(slow, []);
});

test('the same attacks find a pattern that is not linear', () => {
  assert.ok(slowest('/a+$/') > MOST_MS);
});

test('lint refuses a pattern that is not linear', async () => {
  const eslint = new ESLint({ cwd: root });
  const judge = async (code: string) => {
    const [result] = await eslint.lintText(code, { filePath: join(root, 'src/api/problems.ts') });
    return result!.messages.map(({ ruleId }) => ruleId);
  };
  assert.deepEqual(await judge(String.raw`export const email = /^\S+@\S+\.[a-z]+$/;`), [
    'regexp/no-super-linear-backtracking',
  ]);
  assert.deepEqual(await judge(String.raw`export const end = /\/+$/;`), ['regexp/no-super-linear-move']);
});

test('a text of a stranger is masked in time that grows with its length only', () => {
  const texts = ['@.', 'a@', 'aaaa', '+1 ', '+1(', 'Anna', '.@a.'].map((piece) => piece.repeat(LENGTH / piece.length));
  const mask = createTextMask(['Anna', 'a'.repeat(5000), ...Array.from({ length: 50 }, (_, i) => `serial-${i}`)]);
  for (const text of texts) assert.ok(cpuMs(() => void mask(text)) <= MOST_MS, text.slice(0, 8));
  assert.equal(
    mask('Anna (anna.b@shop.example) rang +44 20 7946 0958; annabel, serial-7: <a@b@c.example> @ x@'),
    '••• (a•••@shop.example) rang •••58; annabel, •••: <a•••@c.example> @ x@',
  );
});
