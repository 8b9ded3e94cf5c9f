import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Database, TenantSql } from '../../src/database/connect.js';
import type { GoogleResource } from '../../src/wallets/google/wallet-object.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { googleAccessTo, startTestGoogle, type TestGoogle } from '../support/google.js';
import { changeOf, googleSteps } from '../support/google-steps.js';
import { accept } from '../support/operations.js';
import { rowsOf } from '../support/rows.js';
import type { SeededTenant } from '../support/tenant.js';

/** What Google did for an operation stands in its step and in its devices, whichever answer was lost on the way. */
describe('what was done at Google is said, also where an answer is lost', () => {
  let test: TestDatabase;
  let google: TestGoogle;
  before(async () => {
    test = await createTestDatabase();
    google = await startTestGoogle(test);
  });
  after(async () => {
    await google.stop();
    await test.drop();
  });

  type Ref = Awaited<ReturnType<typeof changeOf>>;
  const change = (tenant: SeededTenant, points: number) => changeOf(test, google, tenant, { points });
  const write = (ref: Ref) => googleSteps(test, google)['update-google-object'](ref);
  const detailOf = async ({ operationId }: Ref) =>
    (await rowsOf(test).steps({ operationId, step: 'update-google-object' }))[0]!.detail as Record<string, unknown>;
  const told = async ({ operationId }: Ref) => {
    const [row] = await rowsOf(test).notifications({ operationId, platform: 'google' }, 'state', 'reason');
    return [row!['state'], row!['reason']];
  };
  const lose = (method: string, path: string) => google.simulator.faults.add({ method, path, loseAnswer: true });
  const away = (method: string, path: string) => google.simulator.faults.add({ status: 503, method, path });
  const publishClass = (tenant: SeededTenant, programName: string) =>
    test.owner(
      `update pass_type_versions set design = jsonb_set(design, '{google,class,programName}', to_jsonb($3::text))
        where tenant_id = $1 and pass_type_id = $2`,
      [tenant.tenantId, tenant.passTypes.basic, programName],
    );
  /** A pass whose holder has saved it. */
  async function saved() {
    const tenant = await google.seed();
    await write(await change(tenant, 1));
    const { object_id: objectId } = await google.live(tenant);
    await google.simulator.save(objectId);
    return { tenant, objectId };
  }

  it('the insert and the change of a class, by the operation that made it', async () => {
    const tenant = await google.seed();
    const insert = await change(tenant, 1);
    lose('POST', 'loyaltyClass');
    await assert.rejects(write(insert), { code: 'google-unreachable' });
    await write(insert);
    const changed = await change(tenant, 2);
    await publishClass(tenant, 'Another');
    lose('PATCH', 'loyaltyClass');
    await assert.rejects(write(changed), { code: 'google-unreachable' });
    await write(changed);
    const after = await change(tenant, 3);
    await write(after);
    const words = await Promise.all([insert, changed, after].map(async (ref) => (await detailOf(ref))['class']));
    assert.deepEqual(words, ['inserted', 'updated', 'unchanged']);
  });

  it('a class that was made before the object was in trouble', async () => {
    const tenant = await google.seed();
    const insert = await change(tenant, 1);
    away('POST', 'loyaltyObject');
    await assert.rejects(write(insert), { code: 'google-unavailable' });
    await write(insert);
    assert.equal((await detailOf(insert))['class'], 'inserted');
  });

  it('a class that another one made while this attempt was refused is not claimed', async () => {
    const tenant = await google.seed();
    const refused = await change(tenant, 1);
    google.simulator.faults.add({ status: 429, method: 'POST', path: 'loyaltyClass' });
    await assert.rejects(write(refused), { code: 'google-quota' });
    const asked = google.simulator.requests.filter(({ path }) => path.endsWith('/loyaltyClass')).at(-1);
    const { client } = (await google.wallet.forTenant(tenant.tenantId))!;
    await client.insert('loyaltyClass', asked!.body as GoogleResource);
    await write(refused);
    assert.equal((await detailOf(refused))['class'], 'unchanged');
  });

  it('a field write that came quietly, as Google took no more notifications', async () => {
    const { tenant, objectId } = await saved();
    const quiet = await change(tenant, 2);
    google.simulator.faults.add({ status: 403, reason: 'quotaExceeded', method: 'PATCH', path: objectId });
    lose('PATCH', objectId);
    await assert.rejects(write(quiet), { code: 'google-unreachable' });
    await write(quiet);
    assert.equal((await detailOf(quiet))['notification'], "quiet: Google's limit");
    assert.deepEqual(await told(quiet), ['delivered', "notification quiet: Google's limit"]);
  });

  /** A database that is gone after the commit of the step's evidence: its answer never comes. */
  function losingCommits(): Database {
    const losing = (inner: TenantSql): TenantSql => ({
      ...inner,
      async transaction<T>(work: Parameters<TenantSql['transaction']>[0]) {
        let isEvidence = false;
        const result = await inner.transaction(async (within) =>
          work({
            ...within,
            query: async <Row>(...given: Parameters<typeof within.query>) => {
              isEvidence ||= JSON.stringify(given).includes('insert into notifications');
              return within.query<Row>(...given);
            },
          }),
        );
        if (isEvidence) throw Object.assign(new Error('terminating connection'), { code: '57P01' });
        return result as T;
      },
    });
    return { ...test.database, tenant: (id) => losing(test.database.tenant(id)) };
  }

  it('what stays is what was done, where the database’s answer to the evidence is lost', async () => {
    const { tenant } = await saved();
    const ref = await change(tenant, 2);
    const cut = googleSteps(test, google, undefined, { database: losingCommits() });
    await assert.rejects(cut['update-google-object'](ref), { code: '57P01' });
    await write(ref);
    assert.deepEqual(await told(ref), ['delivered', 'notification sent']);
    assert.equal((await detailOf(ref))['notification'], 'sent');
  });

  it('what was done first, where the pass has changed once more in between', async () => {
    const tenant = await google.seed();
    const first = await change(tenant, 1);
    let isMet = false;
    const holder = googleSteps(test, google, async () => {
      if (isMet) return;
      isMet = true;
      const next = await changeOf(test, google, tenant, { tier: 'gold' });
      assert.deepEqual(await write(next), { result: 'covered' });
    });
    lose('POST', 'loyaltyObject');
    await assert.rejects(write(first), { code: 'google-unreachable' });
    await holder['update-google-object'](first);
    assert.equal((await detailOf(first))['class'], 'inserted');
    const { object_id: objectId } = await google.live(tenant);
    await google.simulator.save(objectId);

    const loud = await change(tenant, 2);
    isMet = false;
    await holder['update-google-object'](loud);
    assert.deepEqual(await told(loud), ['delivered', 'notification sent']);
    assert.equal(google.simulator.notifications(objectId).length, 1);
  });

  it('trouble of our own database is not called Google’s', async () => {
    const tenant = await google.seed();
    const away = async () => Promise.reject(Object.assign(new Error('terminating connection'), { code: '57P01' }));
    const tenantOf = (id: string) => ({ ...test.database.tenant(id), transaction: away });
    const database = { ...test.database, tenant: tenantOf };
    const { client } = (await googleAccessTo({ database }, google.simulator).forTenant(tenant.tenantId))!;
    await assert.rejects(client.get('loyaltyObject', 'any'), { code: '57P01' });
  });

  it('one notification, where an offer is refused and the card is written once more', async () => {
    const { tenant, objectId } = await saved();
    const ref = { tenantId: tenant.tenantId, run: 1, passId: tenant.pass.id };
    const design = {
      ...{ type: 'offer', classSuffix: 'weeks', autoLinked: true },
      class: { issuerName: 'Café', provider: 'Café', redemptionChannel: 'INSTORE', title: 'Weeks' },
      object: { textModulesData: [{ id: 'p', header: 'Points', body: '{{points}}' }] },
    };
    await test.owner(
      `update pass_type_versions set design = design || jsonb_build_object('google', $3::jsonb)
        where tenant_id = $1 and pass_type_id = $2`,
      [tenant.tenantId, tenant.passTypes.premium, JSON.stringify(design)],
    );
    const rest = { from: null, until: null, priority: 0, uses: null, notifyAtEnd: false };
    const terms = { passType: 'premium', fields: { points: 500 }, forSeconds: 3_600, ...rest };
    const input = { identifiers: [{ kind: 'email', value: tenant.email }], terms };
    const operationId = await accept(test, tenant, { kind: 'start-offer', input });
    await googleSteps(test, google)['start-offer']({ ...ref, operationId });
    const loud = await change(tenant, 2);
    google.simulator.faults.add({ status: 400, reason: 'invalid', method: 'POST', path: 'offerObject' });
    await write(loud);
    const detail = await detailOf(loud);
    assert.match(JSON.stringify(detail['offers']), /refused/);
    assert.equal(google.simulator.notifications(objectId).length, 1);
    assert.equal(detail['notification'], 'sent');
  });
});
