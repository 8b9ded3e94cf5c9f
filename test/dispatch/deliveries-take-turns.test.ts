import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createDeliverySlots, type DeliverySlot } from '../../src/activities/delivery-slots.js';
import { claimDeliveries, markDelivering } from '../../src/database/merchants/claim-deliveries.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

describe('deliveries of several tenants', () => {
  let test: TestDatabase;
  let loud: SeededTenant;
  let quiet: SeededTenant;
  before(async () => {
    test = await createTestDatabase();
    [loud, quiet] = [await seedTenant(test), await seedTenant(test)];
  });
  after(() => test.drop());

  async function endpoint({ tenantId }: SeededTenant, failing = false): Promise<string> {
    const [row] = await test.owner<{ endpoint_id: string }>(
      `insert into webhook_endpoints (tenant_id, url, event_types, failing_since)
       values ($1, 'https://merchant.example', '{pass.updated}', case when $2 then now() end) returning endpoint_id`,
      [tenantId, failing],
    );
    return row!.endpoint_id;
  }
  const deliveries = ({ tenantId }: SeededTenant, endpointId: string, count: number, age: string) =>
    test.owner(
      `with made as (
         insert into events (event_id, tenant_id, type, payload, fanned_out)
         select gen_random_uuid(), $1, 'pass.updated', '{}', true from generate_series(1, $3) returning event_id
       )
       insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id, dispatch_after)
       select gen_random_uuid(), $1, $2, event_id, now() - $4::interval from made`,
      [tenantId, endpointId, count, age],
    );
  const claim = () => claimDeliveries(test.database.system, 100, 15_000);
  const byTenant = (claimed: { tenant_id: string }[], { tenantId }: SeededTenant) =>
    claimed.filter((one) => one.tenant_id === tenantId).length;

  it('a flood of one, however old, holds back neither the next tenant nor another endpoint of its own', async () => {
    const dead = await endpoint(loud, true);
    const alive = await endpoint(loud);
    await deliveries(loud, dead, 4_000, '1 hour');
    await deliveries(loud, alive, 3, '1 minute');
    await deliveries(quiet, await endpoint(quiet), 2, '1 second');
    const claimed = await claim();
    assert.equal(byTenant(claimed, quiet), 2);
    // Four to the endpoint that fails, all to the one that answers.
    assert.equal(byTenant(claimed, loud), 4 + 3);
    assert.equal(byTenant(await claim(), loud), 0, 'those four are still under way');
    for (const one of claimed) await markDelivering(test.database.system, one.tenant_id, [one]);
    assert.equal(byTenant(await claim(), loud), 0, 'started, they are under way as well');
    await test.owner(`update deliveries set status = 'retrying' where status = 'delivering' and endpoint_id = $1`, [
      dead,
    ]);
    assert.equal(byTenant(await claim(), loud), 4, 'each attempt that is over makes room');
  });

  it('of many endpoints of one tenant, so many are under way as workers can use; the others wait as rows', async () => {
    const many = await seedTenant(test);
    for (let n = 0; n < 20; n++) await deliveries(many, await endpoint(many), 40, '1 minute');
    const take = async () => byTenant(await claimDeliveries(test.database.system, 1_000, 15_000), many);
    assert.deepEqual([await take(), await take()], [100, 0]);
    await test.owner(
      `update deliveries set status = 'delivered'
        where delivery_id in (select delivery_id from deliveries
                               where tenant_id = $1 and status = 'accepted' and dispatch_after > now() limit 30)`,
      [many.tenantId],
    );
    assert.deepEqual([await take(), await take()], [30, 0]);
    await test.owner('delete from deliveries where tenant_id = $1', [many.tenantId]);
  });

  it('a claim reads a few pages of the index, not the queue', async () => {
    await test.owner('analyze deliveries');
    const statements: { text: string; values: readonly unknown[] }[] = [];
    await claimDeliveries(
      {
        tenantId: '*',
        query: async (text) => (statements.push(text as { text: string; values: readonly unknown[] }), []),
      },
      100,
      15_000,
    );
    const { text, values } = statements[0]!;
    const [{ 'QUERY PLAN': [plan] } = { 'QUERY PLAN': [] }] = await test.owner<{ 'QUERY PLAN': { Plan: object }[] }>(
      `explain (analyze, buffers, format json) ${text}`,
      [...values],
    );
    const buffers = plan!.Plan as { 'Shared Hit Blocks': number; 'Shared Read Blocks': number };
    assert.ok(buffers['Shared Hit Blocks'] + buffers['Shared Read Blocks'] < 500, JSON.stringify(buffers));
  });

  it('one tenant never holds all slots of a worker, and an endpoint that fails only a few', () => {
    const slots = createDeliverySlots(() => 0);
    const take = (tenantId: string, endpointId: string, failing: boolean) =>
      slots.take({ tenantId, endpointId, failing });
    const isHeld = (slot: DeliverySlot): boolean => 'release' in slot;
    const held = Array.from({ length: 4 }, () => take('loud', 'dead', true));
    assert.ok(held.every(isHeld), 'four slots are free');
    assert.equal(isHeld(take('loud', 'dead', true)), false);
    for (let n = 0; n < 16; n++) assert.ok(isHeld(take('loud', `other-${n}`, false)), `no slot for ${n}`);
    assert.equal(isHeld(take('loud', 'one-more', false)), false);
    assert.ok(isHeld(take('quiet', 'alive', false)), 'another tenant has slots of its own');
    if ('release' in held[0]!) held[0].release();
    assert.ok(isHeld(take('loud', 'dead', true)), 'what is over makes room');
  });

  it('those that are turned away ask again at the pace at which slots come free, and within a minute', () => {
    let nowMs = 0;
    const slots = createDeliverySlots(() => nowMs);
    const take = () => slots.take({ tenantId: 'loud', endpointId: 'hangs', failing: true });
    const attempts = (count: number, lastMs: number): void => {
      for (let n = 0; n < count; n++) {
        const slot = take();
        nowMs += lastMs;
        if ('release' in slot) slot.release();
      }
    };
    /** How many of a thousand ask again within the first ten seconds while all slots are held. */
    const soon = (): number => {
      const held = Array.from({ length: 4 }, take);
      const waits = Array.from({ length: 1_000 }, take).map((slot) => ('waitMs' in slot ? slot.waitMs : NaN));
      assert.ok(
        waits.every((waitMs) => waitMs >= 2_000 && waitMs <= 60_000),
        `from ${Math.min(...waits)} to ${Math.max(...waits)} ms`,
      );
      for (const slot of held) if ('release' in slot) slot.release();
      nowMs += 120_000;
      return waits.filter((waitMs) => waitMs < 10_000).length;
    };
    // One slot of four comes free every 3.75 s while attempts last 15 s, every 25 ms while they last 0.1 s.
    attempts(50, 15_000);
    assert.ok(soon() <= 3, 'a thousand asked again at once');
    attempts(50, 100);
    assert.ok(soon() > 200, 'slots stood empty');
  });
});

describe('endpoints of one tenant', () => {
  let test: TestDatabase;
  let api: TestApi;
  before(async () => {
    test = await createTestDatabase();
    api = await startTestApi({ database: test.database });
  });
  after(async () => {
    await api.close();
    await test.drop();
  });

  it('are as many as its settings allow, also in parallel', async () => {
    const tenant = await seedTenant(test, { webhookEndpoints: 3 });
    const create = () =>
      api.fetch(`/api/${tenant.tenantId}/webhook-endpoints`, {
        method: 'POST',
        key: tenant.keys.all,
        body: JSON.stringify({ url: `https://${randomUUID()}.example/hook` }),
      });
    const answers = await Promise.all(Array.from({ length: 6 }, create));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 201, 409, 409, 409]);
    const refused = (await (await create()).json()) as { detail: string };
    assert.match(refused.detail, /has 3 webhook endpoints.*settings\.webhookEndpoints/);
  });
});
