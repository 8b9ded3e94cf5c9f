import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url).pathname;
const { ROOMS } = (await import(new URL('../../scripts/rooms.js', import.meta.url).href)) as {
  ROOMS: Record<string, readonly string[]>;
};

const foldersIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);

/** `src/x/{a,b}` as `src/x/a` and `src/x/b`. */
function spelledOut(name: string): string[] {
  const [, before, inner] = /^(.*)\{(.*)\}$/.exec(name) ?? [];
  return inner === undefined ? [name] : inner.split(',').map((one) => `${before}${one}`);
}

const layout = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8').split('## Layout')[1]!.split('\n## ')[0]!;
const named = [...layout.matchAll(/`((?:src|client|migrations|test|bench)(?:\/[^`*.]+)?)`/g)].flatMap(([, name]) =>
  spelledOut(name!),
);

test('the table of folders names every room, and none that is not there', () => {
  assert.ok(named.length > 30, `the table is read: ${named.length}`);
  assert.deepEqual(
    named.filter((name) => !existsSync(join(ROOT, name))),
    [],
  );
  const rooms = foldersIn('src').flatMap((room) => [room, ...foldersIn(room)]);
  const isNamed = (room: string) => named.some((name) => name === room || name.startsWith(`${room}/`));
  assert.deepEqual(
    rooms.filter((room) => !isNamed(room)),
    [],
  );
});

test('lint knows the directions of every room, and of none that is not there', () => {
  const known = Object.keys(ROOMS);
  assert.deepEqual(
    known.filter((name) => !existsSync(join(ROOT, name))),
    [],
  );
  assert.deepEqual(
    foldersIn('src').filter((room) => !known.includes(room)),
    [],
  );
  // SQL by subject, and the stand-ins of the outside: a new one says what it may see.
  for (const parent of ['src/database', 'src/simulators']) {
    assert.deepEqual(
      foldersIn(parent).filter((room) => !known.includes(room)),
      [],
    );
  }
});
