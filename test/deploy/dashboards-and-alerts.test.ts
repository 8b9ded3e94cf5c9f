import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { countRequests } from '../../src/api/metrics.js';
import { PROBLEMS } from '../../src/api/problems.js';
import { registerDatabaseMetrics } from '../../src/database-metrics.js';
import { countPushes, measureSteps } from '../../src/worker/step-metrics.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const alerts = readFileSync(join(root, 'deploy/prometheus/alerts.yaml'), 'utf8');
const grafana = join(root, 'deploy/grafana');
interface Dashboard {
  uid: string;
  panels: { title: string; targets: { expr: string }[] }[];
}
const dashboards = readdirSync(grafana).map(
  (file) => JSON.parse(readFileSync(join(grafana, file), 'utf8')) as Dashboard,
);
const expressions = [
  ...dashboards.flatMap(({ panels }) => panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))),
  // An expression of the alerts ends where the next key of its rule begins.
  ...[...alerts.matchAll(/^ +expr: ([\s\S]+?)\n +(?:for|labels):/gm)].map(([, expr]) => expr!),
];

let db: TestDatabase;
let api: TestApi;
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
});
after(async () => {
  await api.close();
  await db.drop();
});

/** What the queries ask of one label: whole values and patterns. */
function asked(label: string): RegExp[] {
  const found = expressions.flatMap((expr) => [...expr.matchAll(new RegExp(`[{,]${label}(=~|=|!~)"([^"]+)"`, 'g'))]);
  return found.flatMap(([, , value]) => value!.split('|').map((each) => new RegExp(`^(?:${each})$`)));
}
function assertKnown(label: string, known: readonly string[]): void {
  const patterns = asked(label);
  assert.ok(patterns.length > 0, `nobody asks for ${label}`);
  const nobody = patterns.filter((pattern) => !known.some((one) => pattern.test(one)));
  assert.deepEqual(nobody.map(String), [], `no ${label} is like these`);
}

test('every metric and label that a panel or an alert asks for is one that the product has', async () => {
  const registry = new Registry();
  countRequests(registry);
  registerDatabaseMetrics(registry, { database: db.database, now: Date.now });
  measureSteps(registry);
  countPushes(registry, { push: () => assert.fail('nobody pushes here') });
  const known = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  const named = new Set(expressions.flatMap((expr) => expr.match(/passrelay_\w+/g) ?? []));
  assert.ok(expressions.length > 30 && named.size >= known.size);
  for (const name of named) assert.ok(known.has(name) || known.has(name.replace(/_(bucket|count|sum)$/, '')), name);
  for (const name of known) {
    assert.ok(
      [...named].some((each) => each.startsWith(name)),
      `${name} is on no dashboard and in no alert`,
    );
  }
  assertKnown(
    'route',
    api.routes.map(({ path }) => path),
  );
  assertKnown('step', Object.keys(createActivities({} as ActivityDeps)));
  assertKnown('code', [...Object.keys(PROBLEMS), 'internal-error']);
});

test('the dashboards are those of their script, and each has an address of its own', () => {
  const check = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/dashboards.ts', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(check.status, 0, check.stderr);
  assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, 5);
});

test('each alert says what to do, stands in the guide, and is tried', () => {
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
  const tried = readFileSync(join(root, 'deploy/prometheus/alerts.test.yaml'), 'utf8');
  assert.ok(names.length >= 10);
  for (const name of names) assert.ok(tried.includes(name), `${name} is not in alerts.test.yaml`);
  assert.equal(alerts.match(/^ +summary: /gm)?.length, names.length);
  assert.equal(alerts.match(/^ +description: /gm)?.length, names.length);
});
