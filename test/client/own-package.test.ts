import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type * as Client from '../../client/src/index.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const run = promisify(execFile);
let folder: string;
let installed: string;
let library: typeof Client;
let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;

/** Packs the client alone and installs the file where nothing else is, as a program of somebody else does. */
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'passrelay-client-package-'));
  // A copy: packing builds, and must not write into the sources of others who run tests at the same time.
  const source = join(folder, 'source');
  await cp('client', join(source, 'client'), { recursive: true });
  await cp('tsconfig.json', join(source, 'tsconfig.json'));
  await symlink(join(process.cwd(), 'node_modules'), join(source, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', folder], { cwd: join(source, 'client') });
  const file = (await readdir(folder)).find((name) => name.endsWith('.tgz'))!;
  const consumer = join(folder, 'consumer');
  await mkdir(consumer);
  await writeFile(join(consumer, 'package.json'), '{"type": "module"}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, file)], { cwd: consumer });
  installed = join(consumer, 'node_modules/passrelay-client');
  library = (await import(pathToFileURL(join(installed, 'dist/index.js')).href)) as typeof Client;
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database });
  tenant = await seedTenant(db);
});
after(async () => {
  await api?.close();
  await db?.drop();
  await rm(folder, { recursive: true, force: true });
});

const client = (options: Partial<Client.ClientOptions> = {}) =>
  library.createPassrelayClient({
    baseUrl: api.baseUrl,
    tenantId: tenant.tenantId,
    apiKey: tenant.keys.all,
    sleep: async () => undefined,
    ...options,
  });

test('the package has no dependencies, no install scripts, and imports nothing but itself', async () => {
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
  for (const key of ['dependencies', 'peerDependencies', 'optionalDependencies'])
    assert.equal(manifest[key], undefined);
  const others = (await readdir(join(installed, '..'))).filter((name) => !name.startsWith('.'));
  assert.deepEqual(others, ['passrelay-client']);
  for (const name of await readdir(join(installed, 'dist'))) {
    const text = await readFile(join(installed, 'dist', name), 'utf8');
    const foreign = [...text.matchAll(/from '([^']+)'/g)]
      .map(([, from]) => from!)
      .filter((from) => !from.startsWith('./'));
    assert.deepEqual(foreign, [], name);
    assert.doesNotMatch(text, /\b(process|Buffer|require)\b\s*[.(]/, `${name} needs Node`);
  }
});

test('a program issues, changes, follows, lists, diagnoses and ends passes', async () => {
  const passrelay = client();
  const [template] = await passrelay.listPassTemplates();
  const order = {
    passTemplate: template!.id,
    pass: { points: 5 },
    recipient: { email: 'ada@example.com', name: 'Ada' },
  };
  const issued = await passrelay.issuePass(order, 'order-1');
  assert.equal((await passrelay.issuePass(order, 'order-1')).serialNumber, issued.serialNumber, 'one key, one pass');
  assert.ok(issued.urls.landing.endsWith(`/p/${issued.serialNumber}`));

  const change = { identifiers: { email: 'ada@example.com' }, additionalData: { points: 7 } };
  const accepted = await passrelay.pushUpdate(change, 'update-1');
  assert.match(accepted.correlationId, /^[0-9a-f-]{36}$/);
  assert.ok(accepted.statusUrl.endsWith(accepted.correlationId));
  assert.equal((await passrelay.getOperation(accepted.correlationId)).kind, 'push-update');
  assert.equal((await passrelay.updatePass(issued.serialNumber, { points: 8 })).serialNumber, issued.serialNumber);

  const serials: string[] = [];
  for await (const pass of passrelay.listPasses({ email: 'ada@example.com' })) serials.push(pass.serialNumber);
  assert.deepEqual(serials, [issued.serialNumber]);
  const kinds: string[] = [];
  for await (const { kind } of passrelay.listOperations({ pass: issued.serialNumber })) kinds.push(kind);
  assert.ok(kinds.includes('issue-pass'));
  assert.equal((await passrelay.diagnosePass(issued.serialNumber)).serialNumber, issued.serialNumber);
  const message = { message: { en: 'Ready', de: 'Fertig' }, class: 'service', validFor: '3 days' } as const;
  const { messageId } = await passrelay.sendMessage(issued.serialNumber, message, 'message-1');
  assert.equal((await passrelay.sendMessage(issued.serialNumber, message, 'message-1')).messageId, messageId);
  assert.equal((await passrelay.getOperation(messageId)).kind, 'send-message');
  assert.deepEqual(await passrelay.listMessages(issued.serialNumber), [], 'its turn has not come');
  const ended = await passrelay.endMessage(issued.serialNumber, messageId);
  assert.equal(ended.operationId, messageId, 'its own operation is stopped');
  await assert.rejects(passrelay.endMessage(issued.serialNumber, randomUUID()), { status: 404 });
  const campaign = await passrelay.createCampaign(
    { name: 'Double', audience: { csv: {} }, action: { type: 'update', fields: { points: { column: 'points' } } } },
    'campaign-1',
  );
  assert.equal(campaign.state, 'uploading');
  await assert.rejects(passrelay.uploadCampaignRows(campaign.campaignId, 'nobody\n1\n'), { status: 422 });
  const file = new Blob(['email,points\nada@example.com,9\nnobody,1\n']).stream();
  const uploaded = await passrelay.uploadCampaignRows(campaign.campaignId, file);
  assert.deepEqual([uploaded.rows, uploaded.faulty, uploaded.errors[0]?.line], [2, 1, 3]);
  const results: string[] = [];
  for await (const { state } of passrelay.campaignResults(campaign.campaignId)) results.push(state);
  assert.deepEqual(results, ['read', 'refused']);
  assert.deepEqual(await passrelay.sampleCampaign(campaign.campaignId), []);
  await assert.rejects(passrelay.pauseCampaign(campaign.campaignId), { status: 409 });
  assert.equal((await passrelay.cancelCampaign(campaign.campaignId)).state, 'cancelled');
  assert.equal((await passrelay.cancelCampaign(campaign.campaignId)).state, 'cancelled', 'a lost answer does no harm');
  for await (const { state } of passrelay.watchCampaign(campaign.campaignId)) results.push(state);
  assert.deepEqual(results, ['read', 'refused', 'cancelled']);
  for (const end of [
    passrelay.voidPass,
    passrelay.expirePass,
    passrelay.restorePass,
    passrelay.notifyPass,
    passrelay.deletePass,
  ]) {
    const { operationId } = await end(issued.serialNumber);
    assert.equal((await passrelay.getOperation(operationId)).status, 'accepted');
  }
  await assert.rejects(passrelay.updatePass('nobody', {}), { name: 'PassrelayError', status: 404, code: 'not-found' });
});

test('any fetch does, and a lost answer is asked for again with the same idempotency key', async () => {
  const keys: (string | null)[] = [];
  const flaky: typeof fetch = async (input, init) => {
    keys.push(new Headers(init?.headers).get('idempotency-key'));
    const answer = await fetch(input, init);
    if (keys.length === 1) throw new TypeError('the connection was lost after the answer');
    return answer;
  };
  const order = { passTemplate: tenant.passTypes.basic, recipient: { email: 'grace@example.com' } };
  const issued = await client({ fetch: flaky }).issuePass(order);
  assert.equal(keys.length, 2);
  assert.ok(keys[0] !== null && keys[0] === keys[1]);
  const made: string[] = [];
  for await (const { serialNumber } of client().listPasses({ email: 'grace@example.com' })) made.push(serialNumber);
  assert.deepEqual(made, [issued.serialNumber]);
});

/** Node, and what `npm run runtimes` names: each as its executable and the words before a file. */
const RUNTIMES: Record<string, string[]> = {
  node: [process.execPath],
  ...(JSON.parse(process.env['PASSRELAY_RUNTIMES'] ?? '{}') as Record<string, string[]>),
};

for (const [name, [command, ...words]] of Object.entries(RUNTIMES)) {
  test(`${name} runs the installed package: it issues, changes, lists, is refused, and verifies webhooks`, async () => {
    const consumer = join(folder, 'consumer');
    await cp('test/client/use-package.mjs', join(consumer, 'use-package.mjs'));
    const secretKey = randomBytes(32);
    const body = JSON.stringify({ id: 'e1', type: 'pass.updated', timestamp: new Date().toISOString(), data: {} });
    const at = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', secretKey).update(`e1.${at}.${body}`).digest('base64');
    const program = {
      baseUrl: api.baseUrl,
      tenantId: tenant.tenantId,
      apiKey: tenant.keys.all,
      passTemplate: tenant.passTypes.basic,
      webhook: {
        email: `${name}@example.com`,
        body,
        secret: `whsec_${secretKey.toString('base64')}`,
        headers: { 'webhook-id': 'e1', 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` },
      },
    };
    const env = { ...process.env, PASSRELAY_PROGRAM: JSON.stringify(program), NODE_OPTIONS: '' };
    const { stdout } = await run(command!, [...words, 'use-package.mjs'], { cwd: consumer, env });
    assert.deepEqual(JSON.parse(stdout), {
      listed: 1,
      same: true,
      kind: 'push-update',
      refused: 'not-found',
      event: 'pass.updated',
      forged: 'WebhookRefused',
    });
  });
}

test('webhooks are verified, and whatever is altered, old or signed by another secret is refused', async () => {
  const key = randomBytes(32);
  const secret = `whsec_${key.toString('base64')}`;
  const body = JSON.stringify({ id: 'e1', type: 'pass.updated', timestamp: new Date().toISOString(), data: {} });
  const now = Math.floor(Date.now() / 1000);
  const sign = (text: string, at: number, by: Buffer = key): Record<string, string> => ({
    'webhook-id': 'e1',
    'webhook-timestamp': String(at),
    'webhook-signature': `v1,AAAA v1,${createHmac('sha256', by).update(`e1.${at}.${text}`).digest('base64')}`,
  });
  assert.equal((await library.verifyWebhook(body, sign(body, now), secret)).type, 'pass.updated');
  assert.equal((await library.verifyWebhook(body, new Headers(sign(body, now)), secret)).id, 'e1');
  const refused: [string, Record<string, string>, string][] = [
    [`${body} `, sign(body, now), secret],
    [body, sign(body, now - 301), secret],
    [body, sign(body, now + 301), secret],
    [body, sign(body, now, randomBytes(32)), secret],
    [body, { ...sign(body, now), 'webhook-id': 'e2' }, secret],
    [body, { ...sign(body, now), 'webhook-timestamp': 'x' }, secret],
    [body, { ...sign(body, now), 'webhook-signature': 'v1,&&&' }, secret],
    [body, {}, secret],
  ];
  for (const [text, headers, by] of refused) {
    await assert.rejects(library.verifyWebhook(text, headers, by), { name: 'WebhookRefused' });
  }
});
