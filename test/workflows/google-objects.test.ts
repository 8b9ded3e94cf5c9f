import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { findPassType, publishVersion } from '../../src/database/tenants/pass-types.js';
import { listSteps } from '../../src/database/operations/operations.js';
import type { GoogleDesign } from '../../src/passes/pass-type.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startEngine, type TestEngine } from '../support/engine.js';
import { startTestGoogle, updateOf, type TestGoogle } from '../support/google.js';
import { accept, ended, until } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';
import { rowsOf } from '../support/rows.js';

type Json = Record<string, unknown>;

describe('a pass at Google Wallet follows its updates', () => {
  let test: TestDatabase;
  let engine: TestEngine;
  let google: TestGoogle;

  before(async () => {
    test = await createTestDatabase();
    google = await startTestGoogle(test);
    engine = await startEngine(test, { deps: { google: google.wallet } });
  });
  after(async () => {
    await engine.stop();
    await google.stop();
    await test.drop();
  });

  const update = async (tenant: SeededTenant, data: object, passType: string | null = null, updateMetadata = false) => {
    const { kind, input } = updateOf(tenant, data, passType);
    return ended(test, tenant.tenantId, await accept(test, tenant, { kind, input: { ...input, updateMetadata } }));
  };
  const without = (from: GoogleDesign['object'], field: string) =>
    Object.fromEntries(Object.entries(from).filter(([name]) => name !== field));
  /** Publishes the next version of a pass type, with another Google design, and waits until workers know it. */
  async function publish(
    tenant: SeededTenant,
    passTypeId: string,
    change: (design: GoogleDesign, basic: GoogleDesign) => GoogleDesign,
  ): Promise<void> {
    const { tenantId, passTypes } = tenant;
    const sql = test.database.tenant(tenantId);
    const [present, basic] = await Promise.all([findPassType(sql, passTypeId), findPassType(sql, passTypes.basic)]);
    const design = { ...present!.design, google: change(present!.design.google!, basic!.design.google!) };
    const { version } = await sql.transaction((within) => publishVersion(within, design, {}));
    await until(
      async () => (await engine.deps.passTypes.current(tenantId, passTypeId))?.version === version,
      'workers to know the new version',
    );
  }
  const googleStep = async (tenant: SeededTenant, operationId: string) =>
    (await listSteps(test.database.tenant(tenant.tenantId), operationId)).find(
      ({ step }) => step === 'update-google-object',
    )!;
  const told = (operationId: string) => rowsOf(test).notifications({ operationId }, 'platform', 'state', 'covered_by');
  const requestsSince = (mark: number) => google.simulator.requests.slice(mark).filter((r) => r.path !== '/token');

  it('inserts class and object at the first change, then patches the object alone with whole arrays', async () => {
    const tenant = await google.seed();
    const mark = google.simulator.requests.length;
    const first = await update(tenant, { points: 20 });
    assert.deepEqual([first.status, first.outcome], ['succeeded', 'updated']);
    const made = requestsSince(mark).map(({ method, path }) => `${method} ${path.split('/')[3]}`);
    assert.deepEqual(made, ['POST loyaltyClass', 'POST loyaltyObject']);
    assert.equal((requestsSince(mark)[0]!.body as Json)['reviewStatus'], 'UNDER_REVIEW');
    const { object_id: objectId, synced_revision: synced } = await google.live(tenant);
    assert.equal(synced, first.revision);
    assert.equal(google.simulator.object(objectId)?.['state'], 'ACTIVE');
    assert.deepEqual(
      (await told(first.operation_id)).map(({ platform, state }) => `${platform} ${state}`),
      ['apple delivered', 'google delivered'],
    );

    const second = google.simulator.requests.length;
    await update(tenant, { tier: 'gold' });
    const [read, patch, ...rest] = requestsSince(second);
    assert.deepEqual([read?.method, patch?.method, rest.length], ['GET', 'PATCH', 0]);
    assert.deepEqual((patch!.body as Json)['textModulesData'], [
      { id: 'tier', header: 'Tier', body: 'gold' },
      { id: 'hours', header: 'Opening hours', body: 'Daily' },
    ]);
    assert.equal((patch!.body as Json)['notifyPreference'], undefined, 'the tier is not among notifyOn');
  });

  it('notifies three times in 24 hours, and says of the fourth that it was quiet', async () => {
    const tenant = await google.seed();
    await update(tenant, { points: 1 });
    const { object_id: objectId } = await google.live(tenant);
    await google.simulator.save(objectId);
    const notes: unknown[] = [];
    for (const points of [2, 3, 4, 5]) {
      const row = await update(tenant, { points });
      assert.equal(row.outcome, 'updated');
      notes.push((await googleStep(tenant, row.operation_id)).detail['notification']);
    }
    assert.deepEqual(notes, ['sent', 'sent', 'sent', 'quiet: 3 in 24 h']);
    assert.equal(google.simulator.notifications(objectId).length, 3);
    const balance = (google.simulator.object(objectId)?.['loyaltyPoints'] as Json)['balance'];
    assert.deepEqual(balance, { string: '5' }, 'the quiet write arrived as well');
  });

  it('converts loyalty to generic: the new object is linked, the old one completed, and messages take over', async () => {
    const tenant = await google.seed();
    await update(tenant, { points: 1 });
    const old = await google.live(tenant);
    await google.simulator.save(old.object_id);
    const row = await update(tenant, { tier: 'gold' }, 'premium');
    assert.equal(row.outcome, 'converted');
    const fresh = await google.live(tenant);
    assert.equal(fresh.object_type, 'generic');
    const before = google.simulator.object(old.object_id);
    assert.deepEqual(before?.['linkedObjectIds'], [fresh.object_id]);
    assert.equal(before?.['state'], 'COMPLETED');
    assert.equal(google.simulator.object(fresh.object_id)?.['state'], 'ACTIVE');

    await update(tenant, { points: 99 });
    const [message] = google.simulator.object(fresh.object_id)?.['messages'] as Json[];
    assert.equal(message?.['messageType'], 'TEXT_AND_NOTIFY');
    assert.match(String(message?.['body']), /99/);

    await update(tenant, {}, 'basic');
    assert.equal((await google.live(tenant)).object_id, old.object_id, 'the way back meets the first object');
    assert.equal(google.simulator.object(old.object_id)?.['state'], 'ACTIVE');
  });

  it('clears at Google what the next version of the design has dropped, in the class and in the object', async () => {
    const tenant = await google.seed();
    await update(tenant, { points: 1 });
    const { object_id: objectId } = await google.live(tenant);
    const classId = String(google.simulator.object(objectId)?.['classId']);
    await publish(tenant, tenant.passTypes.basic, ({ object, class: shared, ...rest }) => {
      const { textModulesData: _dropped, ...kept } = object;
      return { ...rest, object: kept, class: { ...without(shared, 'homepageUri'), programName: 'Club' } };
    });
    const row = await update(tenant, {}, null, true);
    assert.equal(row.outcome, 'updated');
    const object = google.simulator.object(objectId)!;
    assert.equal('textModulesData' in object, false, 'the dropped field is gone');
    assert.equal(object['accountId'], tenant.pass.serialNumber, 'the others stay');
    const klass = google.simulator.class(classId)!;
    assert.deepEqual([klass['programName'], 'homepageUri' in klass], ['Club', false]);
  });

  it('keeps the messages that it has sent, also where an earlier design had messages of its own', async () => {
    const tenant = await google.seed();
    const own = [{ id: 'm', header: 'h', body: 'b' }];
    await publish(tenant, tenant.passTypes.premium, (d) => ({ ...d, object: { ...d.object, messages: own } }));
    await publish(tenant, tenant.passTypes.premium, (d) => ({ ...d, object: without(d.object, 'messages') }));
    await update(tenant, { points: 1 }, 'premium');
    const { object_id: objectId } = await google.live(tenant);
    await google.simulator.save(objectId);
    for (const points of [2, 3]) await update(tenant, { points });
    const bodies = (google.simulator.object(objectId)?.['messages'] as Json[]).map(({ body }) => body);
    assert.deepEqual(bodies, ['points: 2', 'points: 3']);
  });

  it('leaves nothing of the former type behind where the class of the object is changed', async () => {
    const tenant = await google.seed();
    await publish(tenant, tenant.passTypes.premium, (_, basic) => ({
      ...basic,
      classSuffix: 'reserve',
      object: without(basic.object, 'loyaltyPoints'),
    }));
    await update(tenant, { points: 1 });
    const { object_id: objectId } = await google.live(tenant);
    assert.equal((await update(tenant, {}, 'premium')).outcome, 'converted');
    assert.equal((await google.live(tenant)).object_id, objectId, 'the same object, with another class');
    assert.equal('loyaltyPoints' in google.simulator.object(objectId)!, false);
  });

  it('comes back after a quota refusal, with the holder notified once', async () => {
    const tenant = await google.seed();
    await update(tenant, { points: 1 });
    const { object_id: objectId } = await google.live(tenant);
    await google.simulator.save(objectId);
    google.simulator.faults.add({ status: 403, reason: 'quotaExceeded', method: 'PATCH', path: objectId, times: 2 });
    const row = await update(tenant, { points: 2 });
    assert.equal(row.status, 'succeeded');
    const step = await googleStep(tenant, row.operation_id);
    assert.equal(step.last_error?.code, 'google-quota');
    assert.deepEqual([step.state, step.attempts, step.detail['notification']], ['succeeded', 2, 'sent']);
    assert.equal(google.simulator.notifications(objectId).length, 1);
  });

  it('tells Apple while Google is down, and Google afterwards', async () => {
    const tenant = await google.seed();
    await update(tenant, { points: 1 });
    const { object_id: objectId } = await google.live(tenant);
    google.simulator.faults.add({ status: 503, path: objectId, times: 3 });
    const id = await accept(test, tenant, updateOf(tenant, { points: 2 }));
    const during = await until(async () => {
      const rows = await told(id);
      return rows.some(({ platform, state }) => platform === 'google' && state === 'failed') && rows;
    }, 'Google to be in trouble');
    assert.equal(during.find(({ platform }) => platform === 'apple')?.state, 'delivered');
    assert.equal((await ended(test, tenant.tenantId, id)).outcome, 'updated');
    assert.deepEqual(
      (await told(id)).map(({ state }) => state),
      ['delivered', 'delivered'],
    );
  });

  it('ends as refused by the provider only after Apple was told', async () => {
    const tenant = await google.seed();
    await update(tenant, { points: 1 });
    const { object_id: objectId } = await google.live(tenant);
    google.simulator.faults.add({ status: 403, reason: 'permissionDenied', path: objectId });
    const row = await update(tenant, { points: 2 });
    assert.deepEqual([row.status, row.outcome], ['failed', 'provider-refused']);
    assert.match(row.reason ?? '', /invite the service account/);
    assert.deepEqual(
      (await told(row.operation_id)).map(({ platform, state }) => `${platform} ${state}`),
      ['apple delivered', 'google refused'],
    );
  });

  it('ends at the last of a burst, with every operation written or covered', async () => {
    const tenant = await google.seed();
    await update(tenant, { points: 1 });
    const { object_id: objectId } = await google.live(tenant);
    const values = Array.from({ length: 12 }, (_, i) => i + 100);
    const ids: string[] = [];
    for (const points of values) ids.push(await accept(test, tenant, updateOf(tenant, { points })));
    const rows = await Promise.all(ids.map((id) => ended(test, tenant.tenantId, id)));
    assert.ok(rows.every(({ status }) => status === 'succeeded'));
    const balance = (google.simulator.object(objectId)?.['loyaltyPoints'] as Json)['balance'];
    assert.deepEqual(balance, { string: '111' });
    const { revision } = await rowsOf(test).pass(tenant.pass.id, 'revision');
    assert.equal((await google.live(tenant)).synced_revision, revision);
    for (const row of rows.filter(({ outcome }) => outcome === 'updated')) {
      const mine = (await told(row.operation_id)).find(({ platform }) => platform === 'google');
      assert.ok(mine && ['delivered', 'covered'].includes(mine.state), `${mine?.state}`);
    }
  });

  it('asks Google nothing for a tenant without an issuer', async () => {
    const tenant = await google.seed();
    await test.owner(`update tenants set settings = '{"waitForUnknownPassSeconds": 0}' where tenant_id = $1`, [
      tenant.tenantId,
    ]);
    const mark = google.simulator.requests.length;
    const row = await update(tenant, { points: 7 });
    assert.equal(row.outcome, 'updated');
    assert.equal(requestsSince(mark).length, 0);
    assert.equal(await googleStep(tenant, row.operation_id), undefined);
  });
});
