import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { main } from '../../src/cli/main.js';
import { startBackfill } from '../../src/database/bulk/backfills.js';
import { findSecretVersion, mayCallKlaviyo, recordKeyRefused } from '../../src/database/klaviyo/klaviyo-connections.js';
import { listSteps } from '../../src/database/operations/operations.js';
import { SECRET_NAMES } from '../../src/database/secrets.js';
import { getTenant } from '../../src/database/tenants/tenants.js';
import { applyTenantFolder } from '../../src/tenants/apply-folder.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestKlaviyo, type TestKlaviyo } from '../support/klaviyo.js';
import { accept, ended, until } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';
import { copyTenantFolder, editJson } from '../support/tenant-folder.js';
import { listPassTypes } from '../../src/database/tenants/pass-types.js';
import { FLOW_ACTIONS } from '../../src/klaviyo/flow-snippets.js';
import { TEST_SECRETS_KEY } from '../support/secret-box.js';

const PASSES = 40;

describe('the Klaviyo commands', () => {
  let test: TestDatabase;
  let klaviyo: TestKlaviyo;
  let engine: TestEngine;
  before(async () => {
    test = await createTestDatabase();
    const scopes = ['accounts:read', 'profiles:read', 'profiles:write', 'events:write', 'custom-objects:read'];
    const whole = ['pk_one', 'pk_two', 'pk_three'].map((apiKey) => ({ apiKey }));
    klaviyo = await startTestKlaviyo(test, { accounts: [...whole, { apiKey: 'pk_half', scopes }] });
    engine = await startEngine(test, { deps: { klaviyo: klaviyo.access } });
  });
  after(async () => {
    await engine.stop();
    await klaviyo.simulator.close();
    await test.drop();
  });

  const run = (...args: string[]) => runWith({}, ...args);
  async function runWith(more: Record<string, string>, ...args: string[]) {
    const out: string[] = [];
    const err: string[] = [];
    const env = {
      DATABASE_URL: test.url,
      SECRETS_KEY: TEST_SECRETS_KEY,
      KLAVIYO_API_URL: klaviyo.simulator.url,
      PUBLIC_URL: 'https://passes.example',
      ...more,
    };
    const code = await main(['klaviyo', ...args], env, {
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      dataDir: '/nowhere',
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  }

  async function addPasses(tenant: SeededTenant, count: number): Promise<void> {
    await test.owner(
      `with people as (
         insert into customers (customer_id, tenant_id, email)
         select gen_random_uuid(), $1, 'p' || n || '-' || $1 || '@example.com' from generate_series(1, $2::int) n
         returning customer_id)
       insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version)
       select gen_random_uuid(), $1, customer_id, encode(gen_random_bytes(16), 'hex'), $3, 1 from people`,
      [tenant.tenantId, count, tenant.passTypes.basic],
    );
  }

  it('setup makes a published object, says so again the second time, and the tenant writes to it', async () => {
    const tenant = await klaviyo.tenant({ klaviyo: { dataSourceId: null } }, 'pk_one');
    const first = await run('setup', tenant.tenantId);
    assert.deepEqual([first.code, first.err], [0, '']);
    assert.match(first.out, /object type WalletPass \S+: made/);
    assert.match(first.out, /schema: published/);
    const again = await run('setup', tenant.tenantId);
    assert.match(again.out, /object type WalletPass \S+: was there[^]*schema: was published/);
    const made = /data source "Wallet passes" (\S+): made/.exec(first.out)![1];
    const operationId = await accept(test, tenant, {
      kind: 'push-update',
      input: {
        identifiers: [{ kind: 'email', value: tenant.email }],
        passType: null,
        data: { points: 7 },
        updateMetadata: false,
      },
    });
    assert.equal((await ended(test, tenant.tenantId, operationId)).status, 'succeeded');
    assert.deepEqual(
      klaviyo.simulator.records('pk_one').map(({ dataSourceId, record }) => [dataSourceId, record['id']]),
      [[made, tenant.pass.serialNumber]],
    );
  });

  it('setup is enough: applying the folder keeps what it made, and a line of the folder that says otherwise is named', async () => {
    const root = copyTenantFolder();
    const box = klaviyo.secretBox;
    const edit = (settings: object) =>
      editJson(root, 'tenant.json', (json) => {
        Object.assign(json, { tenantId: 'set-up', accountId: 'aid_0x5e70' });
        json.settings.klaviyo = settings;
      });
    const apply = async () => (await applyTenantFolder(test.database, box, root, { now: Date.now })).changed;
    const sql = test.database.tenant('set-up');
    const source = async () => (await getTenant(sql))!.settings.klaviyo.dataSourceId;
    try {
      edit({});
      await apply();
      await klaviyo.setKey('set-up', 'pk_one');
      const first = await run('setup', 'set-up');
      assert.match(first.out, /applying its folder keeps that\.\nNothing is written back yet: set "writeBack": true/);
      const made = await source();
      assert.ok(made !== null && first.out.includes(made));
      assert.deepEqual(await apply(), [], 'set-up is no change to the folder');
      edit({ writeBack: true });
      assert.deepEqual([await apply(), await source()], [['tenant'], made]);
      edit({ writeBack: true, dataSourceId: 'of-the-folder' });
      assert.deepEqual([await apply(), await source()], [['tenant'], 'of-the-folder']);
      const again = await run('setup', 'set-up');
      assert.equal(again.err, '');
      assert.match(again.out, /It wrote to of-the-folder before: where tenant\.json names that dataSourceId/);
      assert.equal(await source(), made);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('setup says what to do by hand where the account has no custom objects', async () => {
    const tenant = await klaviyo.tenant({ klaviyo: { dataSourceId: null } }, 'pk_two');
    klaviyo.simulator.setCustomObjects('pk_two', false);
    const { code, out } = await run('setup', tenant.tenantId);
    assert.equal(code, 0);
    assert.match(out, /lacks custom objects, a paid feature/);
    assert.match(out, /To do by hand:\n1\. .*custom objects[^]*klaviyo_profile_id/);
  });

  it('check names each scope, and fails with a cure and without the key', async () => {
    const tenant = await klaviyo.tenant({}, 'pk_two');
    klaviyo.simulator.setFault({ path: '/api/accounts', status: 429, retryAfter: '1', times: 2 });
    const good = await run('check', tenant.tenantId);
    assert.equal(good.code, 0, good.out);
    assert.equal(good.out.match(/^ok /gm)?.length, 7, good.out);
    assert.deepEqual(klaviyo.simulator.records('pk_two'), [], 'the check leaves no record behind');
    const secret = `pk_${randomBytes(8).toString('hex')}`;
    await klaviyo.setKey(tenant.tenantId, secret);
    const bad = await run('check', tenant.tenantId);
    assert.deepEqual([bad.code, bad.out.match(/^FAILED /gm)?.length], [1, 6]);
    assert.match(bad.out, /accounts:read\): Klaviyo refuses the API key/);
    assert.ok(!`${bad.out}${bad.err}`.includes(secret));
    await klaviyo.setKey(tenant.tenantId, 'pk_half');
    const half = await run('check', tenant.tenantId);
    assert.deepEqual(half.out.match(/^FAILED .*$/gm)?.length, 2, half.out);
    assert.match(half.out, /^FAILED .*\(custom-objects:write\): Klaviyo refuses this call for the API key/m);
    assert.match(half.out, /^FAILED .*this account has no data source \S+: run "passrelay klaviyo setup"/m);
  });

  it('a key that Klaviyo knows replaces the one before; another one changes nothing', async () => {
    const tenant = await klaviyo.tenant({}, 'pk_two');
    const version = () => findSecretVersion(test.database.tenant(tenant.tenantId), SECRET_NAMES.klaviyoApiKey);
    const before = await version();
    const wrong = await runWith({ NEXT: 'pk_nobody' }, 'set-key', tenant.tenantId, '--env', 'NEXT');
    assert.deepEqual([wrong.code, await version()], [1, before]);
    assert.match(wrong.err, /does not know this key: nothing was changed/);
    assert.match((await run('set-key', tenant.tenantId)).err, /Set KLAVIYO_API_KEY/);
    const right = await runWith({ KLAVIYO_API_KEY: 'pk_one\n' }, 'set-key', tenant.tenantId);
    assert.deepEqual([right.err, right.code], ['', 0]);
    assert.notEqual(await version(), before);
    assert.match((await run('check', tenant.tenantId)).out, /this account has no data source/, 'the other account');

    const sql = test.database.tenant(tenant.tenantId);
    const keyVersion = (await version())!;
    const call = 'profiles';
    await recordKeyRefused(sql, { tenantId: tenant.tenantId, keyVersion, call, reason: 'scope', nowMs: Date.now() });
    const ask = { tenantId: tenant.tenantId, keyVersion, call: 'events', nowMs: Date.now() };
    assert.equal(await mayCallKlaviyo(sql, ask), 'refused');
    assert.equal((await runWith({ KLAVIYO_API_KEY: 'pk_one' }, 'set-key', tenant.tenantId)).code, 0);
    assert.equal(await version(), keyVersion, 'the same key');
    assert.equal(await mayCallKlaviyo(sql, ask), 'trial', 'whose scopes may be others now');
  });

  it('snippet names the pass type that was meant', async () => {
    const tenant = await klaviyo.tenant({}, 'pk_two');
    assert.match((await run('snippet', tenant.tenantId, 'premum')).err, /Did you mean "premium"/);
    const { out } = await run('snippet', tenant.tenantId, 'basic');
    assert.match(out, /^URL\nhttps:\/\/passes\.example\/v1\/passes$/m);
    assert.ok(out.includes(`X-ACCOUNT-ID: ${tenant.accountId}`));
    assert.ok(out.includes(`"points": "{{ person|lookup:'points' }}"`));
    assert.ok(out.includes(`"tier": "{{ person|lookup:'tier' }}"`), 'the design has a default: the tag needs none');
    const update = (await run('snippet', tenant.tenantId, 'basic', '--update')).out;
    assert.match(update, new RegExp(`^URL\nhttps://passes\\.example/api/${tenant.tenantId}/.*/pushUpdate$`, 'm'));
    assert.match(update, /"identifiers": \{\n\s+"email": "\{\{ person.email/);
    const [type] = await listPassTypes(test.database.tenant(tenant.tenantId));
    const place = { ...tenant, publicUrl: 'https://passes.example', own: {} };
    for (const [action, { make }] of Object.entries(FLOW_ACTIONS)) {
      const printed = (await run('snippet', tenant.tenantId, type!.design.name, '--action', action)).out;
      assert.ok(printed.includes(make(type!.design, place).body), `what the page shows for ${action}`);
    }
  });

  it('backfill writes all profiles in one job and all records in another, pauses and goes on, and starts no flow', async () => {
    const tenant = await klaviyo.tenant({}, 'pk_three');
    await addPasses(tenant, PASSES);
    const sql = test.database.tenant(tenant.tenantId);
    const bulk = '/api/profile-bulk-import-jobs';
    klaviyo.simulator.setFault({ path: bulk, status: 503, times: 2 });
    const operationId = await startBackfill(sql);
    assert.equal(await startBackfill(sql), operationId, 'one at a time');
    const step = async () => (await listSteps(sql, operationId)).find(({ step: name }) => name === 'backfill');
    await until(async () => (await step())?.state === 'retrying', 'trouble at Klaviyo');
    assert.match((await run('backfill', tenant.tenantId, '--pause')).out, /--resume/);
    const paused = await until(async () => (await step())?.state === 'waiting' && step(), 'the pause');
    assert.deepEqual([paused!.detail['done'], paused!.detail['records']], [0, 0], 'profiles come first');
    const resumed = await run('backfill', tenant.tenantId, '--resume');
    assert.deepEqual([resumed.code, resumed.err], [0, '']);
    const total = PASSES + 1;
    assert.match(
      resumed.out,
      new RegExp(`succeeded: ${total} of ${total} passes \\(100 %\\), ${total} records, 0 refused`),
    );
    const row = await ended(test, tenant.tenantId, operationId);
    assert.deepEqual([row.status, row.outcome], ['succeeded', 'written-back']);
    const jobs = klaviyo.simulator.requests().filter(({ path }) => path.endsWith('record-bulk-create-jobs'));
    assert.equal(jobs.length, 1);
    const sent = klaviyo.simulator.requests().filter(({ method, path }) => method === 'POST' && path === bulk);
    assert.equal(sent.length, 1);
    assert.equal(new Set(klaviyo.simulator.records('pk_three').map(({ record }) => record['id'])).size, total);
    for (const { record } of klaviyo.simulator.records('pk_three')) assert.ok(record['klaviyo_profile_id'], 'related');
    const serials = klaviyo.simulator
      .profiles('pk_three')
      .map(({ attributes }) => attributes.properties['wallet_pass_serial']);
    assert.equal(new Set(serials).size, total);
    assert.equal(klaviyo.simulator.events('pk_three').length, 0);
    assert.notEqual(await startBackfill(sql), operationId, 'a new one after the end');
  });
});
