import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { listSteps, type OperationRow } from '../../src/database/operations/operations.js';
import type { NewOperation } from '../../src/database/operations/operations.js';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import { computeVisuals } from '../../src/passes/visuals.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { accept, ended, until } from '../support/operations.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

const design = (id: string) =>
  passTypeDesign.parse({
    name: 'basic',
    id,
    description: 'Card',
    organizationName: 'Test',
    fields: [
      { apiFieldName: 'name', type: 'text', source: 'first_name' },
      { apiFieldName: 'tier', type: 'text', default: 'bronze', source: 'properties.tier' },
      { apiFieldName: 'points', type: 'integer' },
    ],
    visuals: {
      strip: { from: 'tier', cases: { gold: 'strip-gold' }, default: 'strip-plain' },
      badge: { from: 'tier', cases: { gold: 'badge-gold' } },
      title: { template: '{{name}} / {{ tier }}' },
      total: { template: '{{points}}' },
    },
  });

describe('visuals follow their data', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let api: TestApi;
  let tenant: SeededTenant;

  before(async () => {
    test = await createTestDatabase();
    tenant = await seedTenant(test, { pushWindowSeconds: 0 });
    const { basic } = tenant.passTypes;
    await test.owner('update pass_type_versions set design = $1 where pass_type_id = $2', [
      JSON.stringify(design(basic)),
      basic,
    ]);
    const data = { name: 'Ann', tier: 'silver', points: 1 };
    await test.owner('update passes set data = $1, visuals = $2', [
      JSON.stringify(data),
      JSON.stringify(computeVisuals(design(basic), data)),
    ]);
    engine = await startEngine(test);
    api = await startTestApi({ database: test.database });
  });
  after(async () => {
    await api.close();
    await engine.stop();
    await test.drop();
  });

  const run = async (operation: Pick<NewOperation, 'kind'> & { input: object }): Promise<OperationRow> =>
    ended(test, tenant.tenantId, await accept(test, tenant, operation));
  const identifiers = () => [{ kind: 'email', value: tenant.email }];
  const push = (data: object, updateMetadata = false) =>
    run({ kind: 'push-update', input: { identifiers: identifiers(), passType: null, data, updateMetadata } });
  const steps = async (row: OperationRow) =>
    (await listSteps(test.database.tenant(tenant.tenantId), row.operation_id)).map(({ step }) => step);
  const pass = async () => {
    const row = await rowsOf(test).pass(tenant.pass.id);
    return row!;
  };
  const trail = async (revision: number) => {
    const [row] = await rowsOf(test).revisions({ passId: tenant.pass.id, revision });
    return row!.changed as Record<string, unknown>;
  };

  const call = async (method: string, path: string, body: object, status: number) => {
    const headers = { 'X-API-KEY': tenant.keys.all, 'X-ACCOUNT-ID': tenant.accountId };
    const response = await api.fetch(path, {
      method,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert.equal(response.status, status, text);
    return text;
  };

  it('a field takes the visuals that name it with it, by case and by template, in one revision', async () => {
    const row = await push({ tier: 'gold' });
    assert.equal(row.outcome, 'updated');
    assert.deepEqual(await steps(row), ['find-pass', 'apply-data', 'recompute-metadata', 'notify-devices']);
    assert.deepEqual([...row.changed_fields!].sort(), ['tier', 'visual.badge', 'visual.strip', 'visual.title']);
    const now = await pass();
    assert.deepEqual(now.visuals, { strip: 'strip-gold', badge: 'badge-gold', title: 'Ann / gold', total: '1' });
    assert.equal(now.revision, 2);
    assert.deepEqual((await trail(2))['visual.strip'], { from: 'strip-plain', to: 'strip-gold' });
  });

  it('a value that is there already changes nothing', async () => {
    const row = await push({ tier: 'gold' });
    assert.deepEqual([row.outcome, await steps(row)], ['unchanged', ['find-pass', 'apply-data']]);
    assert.equal((await pass()).revision, 2);
  });

  it('a field that no visual shows changes takes none with it, and a visual that comes out equal is no change', async () => {
    const row = await push({ badge: 'custom data of the same name' });
    assert.deepEqual(await steps(row), ['find-pass', 'apply-data', 'notify-devices']);
    await push({ tier: 'Gold' });
    assert.deepEqual((await pass()).visuals, {
      strip: 'strip-gold',
      badge: 'badge-gold',
      title: 'Ann / Gold',
      total: '1',
    });
  });

  it('a cleared field falls back to its default, and a visual without one goes', async () => {
    await push({ tier: null });
    assert.deepEqual((await pass()).visuals, { strip: 'strip-plain', title: 'Ann / bronze', total: '1' });
  });

  it('a profile sync shows the step as well', async () => {
    const row = await run({
      kind: 'profile-sync',
      input: {
        identifiers: identifiers(),
        klaviyoProfileId: null,
        attributes: { first_name: 'Bea' },
        properties: { tier: 'gold' },
        consent: null,
      },
    });
    assert.equal(row.outcome, 'synced');
    const seen = await steps(row);
    assert.deepEqual(seen.slice(seen.indexOf('update-passes'), seen.indexOf('update-passes') + 2), [
      'update-passes',
      'recompute-metadata',
    ]);
    const { visuals, revision } = await pass();
    assert.deepEqual(visuals, { strip: 'strip-gold', badge: 'badge-gold', title: 'Bea / gold', total: '1' });
    assert.deepEqual((await trail(revision))['visual.title'], { from: 'Ann / bronze', to: 'Bea / gold' });
  });

  it('every way in by HTTP takes the visuals along: a change by serial number, a campaign, a webhook', async () => {
    const serial = `/v1/passes/${tenant.pass.serialNumber}`;
    const recipient = { email: tenant.email };
    const ways: [way: string, set: (tier: string) => Promise<unknown>][] = [
      ['PATCH', async (tier) => call('PATCH', serial, { pass: { tier } }, 202)],
      [
        'campaign',
        async (tier) => {
          const action = { type: 'update', fields: { tier } };
          const body = { name: tier, audience: { filter: {} }, action, confirm: true };
          return call('POST', `/api/${tenant.tenantId}/campaigns`, body, 202);
        },
      ],
      [
        'pushUpdate',
        async (tier) => {
          const body = { identifiers: recipient, additionalData: { tier } };
          return call('POST', `/api/${tenant.tenantId}/webhooks/listeners/klaviyo/passes/pushUpdate`, body, 200);
        },
      ],
    ];
    for (const [index, [way, set]] of ways.entries()) {
      const tier = index % 2 === 0 ? 'silver' : 'gold';
      await set(tier);
      const strip = tier === 'gold' ? 'strip-gold' : 'strip-plain';
      const seen = await until(async () => {
        const { visuals } = await pass();
        return (visuals as Record<string, string>)['title']?.endsWith(`/ ${tier}`) && visuals;
      }, `${way} takes the title along`);
      assert.equal((seen as Record<string, string>)['strip'], strip, way);
      assert.equal('badge' in (seen as object), tier === 'gold', way);
    }
  });

  it('updateMetadata computes all of them, from the newest version, as a step of its own', async () => {
    const { basic } = tenant.passTypes;
    const newest = { ...design(basic), visuals: { strip: { template: 'new-{{tier}}' } } };
    await test.owner('update pass_types set current_version = 2 where pass_type_id = $1', [basic]);
    await test.owner(
      `insert into pass_type_versions (tenant_id, pass_type_id, version, design, digest) values ($1, $2, 2, $3, 'y')`,
      [tenant.tenantId, basic, JSON.stringify(newest)],
    );
    await push({ tier: 'silver' });
    assert.equal((await pass()).visuals['strip' as keyof object], 'strip-plain', 'the pass keeps its own version');
    const row = await push({ tier: 'gold' }, true);
    assert.deepEqual(await steps(row), ['find-pass', 'apply-data', 'recompute-metadata', 'notify-devices']);
    assert.deepEqual((await pass()).visuals, { strip: 'new-gold' });
  });

  it('a converted pass has the visuals of its new type, computed from the data that came with it', async () => {
    const { premium } = tenant.passTypes;
    const visuals = { seal: { from: 'tier', cases: { gold: 'seal-gold' }, default: 'seal-plain' } };
    await test.owner('update pass_type_versions set design = $1 where pass_type_id = $2', [
      JSON.stringify({ ...design(premium), name: 'premium', visuals }),
      premium,
    ]);
    const convert = (tier: string) =>
      run({
        kind: 'push-update',
        input: { identifiers: identifiers(), passType: 'premium', data: { tier }, updateMetadata: false },
      });
    const row = await convert('gold');
    assert.equal(row.outcome, 'converted', JSON.stringify(row.reason));
    assert.ok((await steps(row)).includes('recompute-metadata'), 'the step shows that visuals changed');
    assert.deepEqual((await pass()).visuals, { seal: 'seal-gold' });
    await convert('silver');
    assert.deepEqual((await pass()).visuals, { seal: 'seal-plain' });
    const { revision } = await pass();
    await convert('silver');
    assert.equal((await pass()).revision, revision, 'the same again changes nothing');
  });

  it('issuing again with new data takes the visuals along', async () => {
    const issue = async (tier: string, status: number): Promise<string> => {
      const recipient = { email: 'again@example.com' };
      const order = { passTemplate: tenant.passTypes.premium, pass: { tier }, recipient };
      const { serialNumber } = JSON.parse(await call('POST', '/v1/passes', order, status)) as { serialNumber: string };
      return serialNumber;
    };
    const visualsOf = async (serialNumber: string) => {
      const sql = 'select visuals from passes where serial_number = $1';
      const [row] = await test.owner<{ visuals: { seal: string } }>(sql, [serialNumber]);
      return row!.visuals;
    };
    const serialNumber = await issue('silver', 201);
    assert.deepEqual(await visualsOf(serialNumber), { seal: 'seal-plain' });
    assert.equal(await issue('gold', 200), serialNumber);
    const after = await until(async () => {
      const visuals = await visualsOf(serialNumber);
      return visuals.seal === 'seal-gold' && visuals;
    }, 'the second order takes the seal along');
    assert.deepEqual(after, { seal: 'seal-gold' });
  });
});
