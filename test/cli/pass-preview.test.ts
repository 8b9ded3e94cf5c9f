import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { main } from '../../src/cli/main.js';
import type { MessagePreview } from '../../src/previews/message-preview.js';
import type { Preview } from '../../src/previews/pass-preview.js';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

let db: TestDatabase;
let tenant: SeededTenant;

const field = (key: string, changeMessage?: string) => ({
  key,
  value: `{{${key}}}`,
  ...(changeMessage && { changeMessage }),
});
const design = (name: string, id: string) => ({
  name,
  id,
  description: 'Bean card',
  organizationName: 'Test',
  fields: [
    { apiFieldName: 'points', type: 'integer', required: true },
    { apiFieldName: 'tier', type: 'text', default: 'bronze' },
    { apiFieldName: 'note', type: 'text' },
  ],
  visuals: { background: { from: 'tier', cases: { gold: 'rgb(1, 2, 3)' }, default: 'rgb(9, 9, 9)' } },
  apple: {
    passTypeIdentifier: 'pass.com.example.card',
    style: 'storeCard',
    headerFields: [field('points', 'You have %@ beans.')],
    primaryFields: [field('tier', name === 'premium' ? 'Welcome to %@.' : 'Tier: %@')],
    backFields: [field('note')],
  },
  google: { type: 'loyalty', classSuffix: 'card', class: {}, object: {}, notifyOn: ['points'] },
});

before(async () => {
  db = await createTestDatabase();
  tenant = await seedTenant(db);
  for (const [name, id] of Object.entries(tenant.passTypes)) {
    await db.owner('update pass_type_versions set design = $1 where pass_type_id = $2', [
      JSON.stringify(passTypeDesign.parse(design(name, id))),
      id,
    ]);
  }
  await db.owner(
    `update passes set data = '{"points": 1200, "tier": "bronze"}', visuals = '{"background": "rgb(9, 9, 9)"}'`,
  );
  await db.owner(
    `insert into google_objects (tenant_id, pass_id, object_id, object_type, class_id, state, synced_revision)
     values ($1, $2, $3, 'loyalty', 'card', 'live', 1)`,
    [tenant.tenantId, tenant.pass.id, randomUUID()],
  );
});
after(() => db.drop());

async function run(...options: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const args = ['pass', 'preview', tenant.pass.serialNumber, ...options];
  const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), dataDir: '/nowhere' };
  const code = await main(args, { DATABASE_URL: db.url }, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}
async function runMessage(...options: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const args = ['message', 'preview', tenant.pass.serialNumber, ...options];
  const io = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), dataDir: '/nowhere' };
  const code = await main(args, { DATABASE_URL: db.url }, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}
async function preview(...options: string[]): Promise<Preview> {
  const { out, err } = await run(...options, '--json');
  assert.equal(err, '');
  return JSON.parse(out) as Preview;
}

/** Every row that an update could touch, as one text. */
async function everything(): Promise<string> {
  const tables = ['passes', 'pass_revisions', 'operations', 'events', 'notifications', 'google_objects', 'update_tags'];
  const rows = await Promise.all(tables.map((table) => db.owner(`select * from ${table}`)));
  return JSON.stringify(rows);
}

test('one changed field shows its message, and Google notifies for a field of notifyOn', async () => {
  const seen = await preview('--set', 'points=1250');
  assert.deepEqual(seen.fields, [{ name: 'points', from: 1200, to: 1250 }]);
  assert.deepEqual(seen.visuals, []);
  assert.deepEqual(seen.apple, { kind: 'message', text: 'You have 1,250 beans.', keeps: 'points', silenced: [] });
  assert.equal(seen.google.notifies, true);
});

test('of two fields with a message the first keeps it, so that iOS shows no generic text', async () => {
  const seen = await preview('--set', 'points=7', 'tier=gold');
  assert.deepEqual(seen.apple, { kind: 'message', text: 'You have 7 beans.', keeps: 'points', silenced: ['tier'] });
  assert.deepEqual(seen.visuals, [{ name: 'background', from: 'rgb(9, 9, 9)', to: 'rgb(1, 2, 3)' }]);
  assert.match(
    (await run('--set', 'points=7', 'tier=gold')).out,
    /generic text: points keeps its own, tier stays silent/,
  );
});

test('what lies under an active offer changes in silence, and the preview says when it shows', async () => {
  const offer = { id: randomUUID(), sequence: '1', priority: 0, fields: { points: 5 }, passType: null };
  await db.owner('update passes set offers = $1', [JSON.stringify([offer])]);
  const seen = await preview('--set', 'points=1250');
  await db.owner(`update passes set offers = '[]'`);
  assert.deepEqual(seen.fields, [{ name: 'points', from: 1200, to: 1250 }]);
  assert.deepEqual([seen.apple?.kind, seen.google.notifies], ['silent', false]);
  assert.match(seen.warnings.join(), /points: it lies under an offer, and shows when that has ended/);
});

test('a field without a message is silent, and Google stays quiet beyond notifyOn', async () => {
  const seen = await preview('--set', 'note=hello');
  assert.equal(seen.apple?.kind, 'silent');
  assert.deepEqual([seen.google.notifies, /notifyOn \(points\)/.test(seen.google.why)], [false, true]);
});

test('visuals change with their fields, on a recompute and on a conversion, which shows the new design', async () => {
  const background = { name: 'background', from: 'rgb(9, 9, 9)', to: 'rgb(1, 2, 3)' };
  assert.deepEqual((await preview('--set', 'tier=gold', '--update-metadata')).visuals, [background]);
  const converted = await run('--set', 'tier=gold', '--type', 'premium');
  assert.match(converted.out, /Pass type: basic → premium/);
  assert.match(converted.out, /background: "rgb\(9, 9, 9\)" → "rgb\(1, 2, 3\)"/);
  assert.match(converted.out, /"Welcome to gold\."/);
});

test('values that do not fit and names that nobody knows are told with a cure', async () => {
  const refused = await run('--set', 'points:=null');
  assert.deepEqual([refused.code, /points is required and cannot be cleared/.test(refused.out)], [1, true]);
  assert.match((await run('--type', 'premum')).err, /Did you mean "premium"/);
  assert.match((await run('--set', 'points')).err, /field=value/);
  assert.match((await run('--set', 'points=1200')).out, /Nothing changes/);
});

test('a message is shown as both wallets show it, cut as a lock screen cuts it, in each of its languages', async () => {
  const long = 'Fresh beans 👩‍👩‍👧 '.repeat(12).trim();
  const texts = JSON.stringify({ en: long, de: 'Frische Bohnen' });
  const seen = await runMessage('--message', texts, '--title', 'Today', '--link', 'https://shop.example/a', '--json');
  const shown = JSON.parse(seen.out) as MessagePreview & { warnings: { pointer: string }[] };
  const [en, de] = shown.apple!.lockScreens;
  assert.deepEqual([de!.text, de!.isCut, en!.isCut], ['Frische Bohnen', false, true]);
  assert.equal([...new Intl.Segmenter('en').segment(en!.text)].length, 150, 'characters as people count them');
  assert.deepEqual(shown.apple!.back, [{ label: 'Today', text: long }]);
  assert.match(shown.apple!.silentBecause!, /"messages"/, 'this design has no field for messages yet');
  assert.deepEqual(
    shown.google.map(({ header, body, notifies }) => [header, body, notifies]),
    [
      ['Today', long, true],
      ['Today', 'Frische Bohnen', true],
    ],
  );
  assert.deepEqual(
    shown.warnings.map(({ pointer }) => pointer),
    ['/message'],
  );
  assert.match((await runMessage('--message', texts)).out, /\(cut: the whole text has 167 characters\)/);
});

test('a message that would be refused gets the sentences of the API', async () => {
  const refused = await runMessage(
    '--message',
    'Hi {{ person.first_name }}',
    '--link',
    'http://a',
    '--valid-for',
    'long',
  );
  assert.equal(refused.code, 1);
  for (const place of ['/message', '/link', '/validFor']) assert.ok(refused.err.includes(`${place}: `), refused.err);
  assert.match((await runMessage('--message', '{"en": ')).err, /begins like JSON/);
});

test('the fourth notification in 24 hours is none, and no preview writes anything', async () => {
  const recent = [1, 2, 3].map((hours) => new Date(Date.now() - hours * 3_600_000));
  await db.owner('update google_objects set notified_at = $1', [recent]);
  const earlier = await everything();
  const seen = await preview('--set', 'points=1', 'tier=gold', '--type', 'premium');
  assert.deepEqual([seen.google.notifies, /3 times in 24 hours/.test(seen.google.why)], [false, true]);
  const message = JSON.parse((await runMessage('--message', 'Hello', '--json')).out) as MessagePreview;
  assert.deepEqual([message.google[0]!.notifies, /quietly/.test(message.google[0]!.why)], [false, true]);
  assert.equal(await everything(), earlier);
});
