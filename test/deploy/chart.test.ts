import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OTEL_VARIABLES, TEMPORAL_VARIABLES, VARIABLES } from '../../src/config.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'deploy/helm/passrelay/templates');
const text = readdirSync(folder)
  .map((file) => readFileSync(join(folder, file), 'utf8'))
  .join('\n');

test('the chart sets only settings that there are, and every secret by reference', () => {
  const known = new Set<string>([...Object.keys(VARIABLES), ...TEMPORAL_VARIABLES, ...OTEL_VARIABLES]);
  const plain = [...text.matchAll(/- \{ name: ([A-Z][A-Z_]+), value: ([^}]+(?:\}\})?)/g)].map(([, name]) => name!);
  const referred = [...text.matchAll(/- name: ([A-Z][A-Z_]+)\n\s+valueFrom: \{ secretKeyRef/g)].map(
    ([, name]) => name!,
  );
  assert.ok(plain.length >= 15);
  for (const name of [...plain, ...referred]) assert.ok(known.has(name), `${name} is no setting`);
  assert.deepEqual([...new Set(referred)].sort(), ['CODEC_SERVER_KEY', 'DATABASE_URL', 'SECRETS_KEY']);
  for (const name of referred) assert.ok(!plain.includes(name), `${name} stands in clear`);
});

test('the chart starts programs that the build makes', () => {
  const started = [...text.matchAll(/command: \[node, dist\/(\S+)\.js\]/g)].map(([, file]) => file!);
  assert.deepEqual(started.sort(), ['src/migrate', 'src/start-api', 'src/start-codec-server', 'src/start-worker']);
  for (const file of started) assert.ok(existsSync(join(root, `${file}.ts`)), file);
});

test('a pod has longer to stop than its process takes', () => {
  // 10 s for running requests; 20 s for running steps.
  assert.match(text, /terminationGracePeriodSeconds: \{\{ add \.Values\.api\.drainSeconds 20 \}\}/);
  assert.match(text, /terminationGracePeriodSeconds: 40/);
});
