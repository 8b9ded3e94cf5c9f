import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url).pathname;
/** What other programs import stands in no file of ours. */
const PUBLIC = /^client\/src\/index\.ts$/;

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .map(String)
    .filter((name) => /\.(?:ts|js|sh)$/.test(name) && !name.includes('node_modules'))
    .map((name) => `${folder}/${name}`);

test('nothing is exported that nobody uses', () => {
  const files = [
    'eslint.config.js',
    ...['src', 'client', 'bench', 'scripts', 'test', 'migrations', 'bin'].flatMap(filesIn),
  ];
  const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
  const uses = new Map<string, number>();
  for (const text of texts.values()) {
    for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*/g)) uses.set(word, (uses.get(word) ?? 0) + 1);
  }
  const declared = /^export (?:async )?(?:function\*?|const|class|interface|type) ([A-Za-z_$][\w$]*)/gm;
  const named = [...texts].flatMap(([file, text]) =>
    /^(?:src|client|bench|scripts)\//.test(file) && !PUBLIC.test(file)
      ? [...text.matchAll(declared)].map(([, name]) => ({ file, name: name! }))
      : [],
  );
  assert.ok(named.length > 500, `the exports are found: ${named.length}`);
  assert.deepEqual(
    named.filter(({ name }) => uses.get(name) === 1).map(({ file, name }) => `${file}: ${name}`),
    [],
  );

  // A name that is handed on by one file must be imported from that file by another.
  const handedOn = [...texts].flatMap(([file, text]) =>
    file.startsWith('src/')
      ? [...text.matchAll(/^export (?:type )?\{([^}]+)\} from/gm)].flatMap(([, names]) =>
          names!.split(',').flatMap((part) => {
            const name = part
              .trim()
              .replace(/^type /, '')
              .split(' as ')
              .at(-1)!;
            return name === '' ? [] : [{ file, name }];
          }),
        )
      : [],
  );
  const importersOf = (file: string, name: string): boolean => {
    const base = file.split('/').at(-1)!.replace(/\.ts$/, '.js');
    const from = new RegExp(`\\b${name.replaceAll('$', '\\$')}\\b[^}]*\\}[^;]*from '[^']*${base.replace('.', '\\.')}'`);
    return [...texts].some(([other, text]) => other !== file && from.test(text));
  };
  assert.deepEqual(
    handedOn
      .filter(({ file }) => file !== 'src/workflows/index.ts')
      .filter(({ file, name }) => !importersOf(file, name))
      .map(({ file, name }) => `${file}: ${name}`),
    [],
  );
});
