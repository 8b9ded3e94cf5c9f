import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { braced, routes, settings, withTables } from '../../scripts/api-tables.js';
import { OTEL_VARIABLES, TEMPORAL_VARIABLES, VARIABLES } from '../../src/config.js';
import { DELIVERY_ERRORS } from '../../src/merchants/delivery-errors.js';
import { DURABLE } from '../../src/workflows/activity-options.js';
import { OPERATION_STATUSES, OUTCOMES, STEP_STATES, STEPS } from '../../src/passes/operation.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function documents(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return documents(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}
const all = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...documents('docs')];

/** Outside of code, where brackets mean something else. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** As GitHub makes them from headings. */
const anchors = (text: string): Set<string> =>
  new Set(
    [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ +(.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );

function brokenLinks(path: string, text: string): string[] {
  return [...prose(text).matchAll(/(?:\]\(|src=")([^)"\s]+)[)"]/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^(https?|mailto):/.test(target))
    .filter((target) => {
      const [file, anchor] = target.split('#') as [string, string?];
      const full = file === '' ? join(root, path) : join(root, dirname(path), file);
      if (!existsSync(full)) return true;
      return anchor !== undefined && !anchors(readFileSync(full, 'utf8')).has(anchor);
    });
}

/** The table that follows a heading: first cells, without backticks. */
function firstCells(text: string, heading: string): string[] {
  const after = text.split(new RegExp(`^#+ ${heading}$`, 'm'))[1]?.split(/^#+ /m)[0] ?? '';
  return [...after.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, word]) => word!),
  );
}

test('every relative link leads to a file that is there, and to a heading in it', () => {
  for (const path of all) {
    assert.deepEqual(brokenLinks(path, read(path)), [], `${path} has links that lead nowhere`);
  }
  assert.deepEqual(brokenLinks('README.md', '[a](docs/no-such-page.md) [b](LICENSE#x)'), [
    'docs/no-such-page.md',
    'LICENSE#x',
  ]);
});

test('every decision is in the list of decisions, and its number is its place there', () => {
  const listed = [...read('docs/decisions/README.md').matchAll(/^(\d+)\. \[.+\]\((.+)\)$/gm)];
  const files = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d{4}-/.test(name));
  assert.deepEqual(
    listed.map(([, , file]) => file),
    files.sort(),
  );
  for (const [, number, file] of listed) assert.equal(Number(file!.slice(0, 4)), Number(number), file);
});

/** The rows of the tables of a text, as cells. */
const rows = (text: string): string[][] =>
  [...text.matchAll(/^\|(.+)\|$/gm)].map(([, cells]) => cells!.split('|').map((cell) => cell.trim()));

test('every proof in security.md is a file', () => {
  const proofs = rows(read('docs/security.md'))
    .filter((cells) => cells.length === 3)
    .flatMap(([, , cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
  assert.ok(proofs.length > 40, String(proofs.length));
  const missing = proofs.filter((name) => ![name, `test/${name}.test.ts`].some((path) => existsSync(join(root, path))));
  assert.deepEqual(missing, []);
});

test('defaults in the README are those of the code', () => {
  const stated = rows(read('README.md')).flatMap(([names = '', , value = '']) => {
    const name = /^`([A-Z_]+)`$/.exec(names)?.[1];
    const plain = /^`?([\w.]+)`?$/.exec(value)?.[1];
    return name && name in VARIABLES && plain && !['off', 'none'].includes(plain) ? [[name, plain] as const] : [];
  });
  assert.ok(stated.length > 5, String(stated));
  for (const [name, value] of stated) {
    assert.equal(String(VARIABLES[name as keyof typeof VARIABLES].parse(undefined)), value, name);
  }
});

test('failure-modes.md has a row for each failure character, with its times', () => {
  const inWords = (time: unknown) =>
    String(time)
      .replace(/(\d+)(s|h)$/, '$1 $2')
      .replace(/(\d+)m$/, '$1 min')
      .replace(/(\d+)d$/, '$1 days');
  const table = new Map(rows(read('docs/failure-modes.md')).map(([name, ...cells]) => [name!, cells]));
  for (const [name, options] of Object.entries(DURABLE)) {
    const [, attempt, pauses, end] = table.get(name === 'writeBack' ? 'write-back' : name) ?? assert.fail(name);
    assert.equal(attempt!.split(',')[0], inWords(options.startToCloseTimeout), name);
    assert.equal(end!.split(',')[0], inWords(options.scheduleToCloseTimeout), name);
    const { initialInterval, maximumInterval } = options.retry!;
    const first = String(initialInterval).replace('500ms', '0.5s');
    assert.equal(pauses!.split(',')[0], `${inWords(first)} doubling to ${inWords(maximumInterval)}`, name);
  }
});

test("the README's settings are those of .env.example, all of them", () => {
  const named = firstCells(read('README.md'), 'Settings');
  const example = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name!);
  assert.deepEqual([...named].sort(), [...example].sort());
  for (const name of Object.keys(VARIABLES)) assert.ok(named.includes(name), `${name} is not in the README`);
  for (const name of [...TEMPORAL_VARIABLES, ...OTEL_VARIABLES])
    assert.ok(named.includes(name), `${name} is not in the README`);
});

test('the tables of routes and problems are those of the code: run "npm run docs" where they are not', () => {
  const text = read('docs/api.md');
  assert.equal(text, withTables(text));
  const known = new Set(routes().map(({ method, path }) => `${method} ${braced(path)}`));
  for (const path of all) {
    // Anywhere in the documents, a method with a path is a route of ours.
    for (const [, method, address] of read(path).matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^`\s?…]*)[^`]*`/g)) {
      // Of Klaviyo, Google and Apple.
      if (/^\/(api\/(profile|event|data-source)|walletobjects\/|3\/device\/)/.test(address!)) continue;
      assert.ok(known.has(`${method} ${address}`), `${relative(root, path)} names ${method} ${address}`);
    }
  }
});

test('settings and commands are those of the code, each with a line: run "npm run docs" where they are not', () => {
  const text = read('docs/settings.md');
  assert.equal(text, withTables(text));
  assert.deepEqual(
    settings().filter(([, , line]) => line === ''),
    [],
    'src/passes/setting-descriptions.ts has a line for each',
  );
  assert.doesNotMatch(text, /\| {2}\|$/m, 'a command without a description');
});

test('every status, outcome, step and state of a step is explained', () => {
  const text = read('docs/statuses.md');
  const explained = (heading: string): Set<string> => new Set(firstCells(text, heading));
  for (const status of OPERATION_STATUSES) assert.ok(explained('Status of an operation').has(status), status);
  for (const outcome of OUTCOMES) assert.ok(explained('Outcomes').has(outcome), outcome);
  for (const step of STEPS) assert.ok(explained('Steps').has(step), step);
  for (const state of STEP_STATES) assert.ok(explained('Steps').has(state), state);
});

test('every script of package.json is in CONTRIBUTING.md', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = firstCells(read('CONTRIBUTING.md'), 'Commands').map((command) =>
    command.replace(/^npm (run )?/, '').replace(/ .*$/, ''),
  );
  assert.deepEqual(named.sort(), Object.keys(scripts).sort());
});

const words = (cell: string): string[] => [...cell.matchAll(/`([^`{]+)`/g)].map(([, word]) => word!);

test('each word in the table of stuck operations is a status, a step, a code or an outcome, as its column says', () => {
  const source = documentsOfSource();
  const section = read('docs/operations.md')
    .split(/^## Stuck operations$/m)[1]!
    .split(/^## /m)[0]!;
  const [head, , ...lines] = [...section.matchAll(/^\| (.+) \|$/gm)].map(([, line]) => line!.split(/ ?\| ?/));
  assert.deepEqual(head!.slice(0, 4), ['Status', 'Step', 'Code', 'Outcome']);
  assert.ok(lines.length >= 14, `only ${lines.length} rows found`);
  const among = (known: readonly string[], cell: string): void => {
    for (const word of words(cell))
      assert.ok(known.includes(word), `"${word}" stands in the wrong column, or is no word`);
  };
  for (const [status, step, code, outcome] of lines as [string, string, string, string][]) {
    among(OPERATION_STATUSES, status);
    among([...STEPS, ...STEP_STATES], step);
    among(OUTCOMES, outcome);
    for (const word of words(code)) assert.ok(source.includes(`'${word}'`), `no source says "${word}"`);
    assert.equal(/`failed`/.test(status), outcome !== '', 'what failed has an outcome, and nothing else');
  }
  const filters = [...section.matchAll(/`(\{"filter".+?\}\})`/g)].map(
    ([, filter]) => JSON.parse(filter!) as { filter: Record<string, string> },
  );
  assert.ok(filters.length >= 4);
  for (const { filter } of filters) assert.ok((OUTCOMES as readonly string[]).includes(filter['outcome']!));
});

test('each code that a failed delivery may have stands with its cure in the document for merchants', () => {
  const text = read('docs/merchant-webhooks.md');
  for (const [code, cure] of Object.entries(DELIVERY_ERRORS)) {
    assert.ok(text.includes(`| \`${code}\` | ${cure} |`), code);
  }
});

function documentsOfSource(): string {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join('src', name)))
    .join('\n');
}
