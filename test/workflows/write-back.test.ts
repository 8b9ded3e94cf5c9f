import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listSteps, type OperationRow } from '../../src/database/operations/operations.js';
import { accept, ended, until } from '../support/operations.js';
import type { SeededTenant } from '../support/tenant.js';
import { useWriteBackStack } from '../support/write-back-stack.js';
import { rowsOf } from '../support/rows.js';

interface Issued {
  id: string;
  serialNumber: string;
  operationId: string;
}

describe('write-back to Klaviyo', () => {
  const stack = useWriteBackStack();

  async function issue(tenant: SeededTenant, email: string, more: object = {}): Promise<Issued> {
    const response = await stack.api.fetch('/v1/passes', {
      method: 'POST',
      headers: { 'X-API-KEY': tenant.keys.all, 'X-ACCOUNT-ID': tenant.accountId, 'X-Klaviyo-Flow-ID': 'Flow1' },
      body: JSON.stringify({ passTemplate: 'basic', pass: { points: 5 }, recipient: { email }, ...more }),
    });
    assert.equal(response.status, 201, await response.clone().text());
    return (await response.json()) as Issued;
  }
  const end = (tenant: SeededTenant, operationId: string): Promise<OperationRow> =>
    ended(stack.test, tenant.tenantId, operationId);
  const stepsOf = async (tenant: SeededTenant, operationId: string) =>
    new Map((await listSteps(stack.test.database.tenant(tenant.tenantId), operationId)).map((s) => [s.step, s]));
  const profileOf = (email: string) =>
    stack.klaviyo.simulator.profiles().filter(({ attributes }) => attributes['email'] === email);
  const eventsOf = (serialNumber: string) =>
    stack.klaviyo.simulator.events().filter(({ properties }) => properties['serial_number'] === serialNumber);
  const recordsOf = (serialNumber: string) =>
    stack.klaviyo.simulator
      .records()
      .filter(({ record }) => record['id'] === serialNumber)
      .map(({ record }) => record);

  it('an issued pass reaches profile, object and event, in this order, with every property', async () => {
    const tenant = await stack.klaviyo.tenant();
    const issued = await issue(tenant, 'ada@example.com', {
      recipient: { email: 'ada@example.com', phone: '+14155552671' },
      customerId: 'C-7',
    });
    const row = await end(tenant, issued.operationId);
    assert.deepEqual([row.kind, row.status, row.outcome], ['issue-pass', 'succeeded', 'created']);
    const landing = `https://passes.example/p/${issued.serialNumber}`;
    const [profile, ...others] = profileOf('ada@example.com');
    assert.equal(others.length, 0);
    const { 'neostore.authenticationToken': token, ...properties } = profile!.attributes.properties;
    assert.deepEqual(properties, {
      wallet_pass_url: landing,
      wallet_pass_serial: issued.serialNumber,
      wallet_pass_state: 'active',
      'neostore.wallet.basic.Apple': 'not-installed',
      'neostore.wallet.basic.Google': 'not-installed',
    });
    assert.match(String(token), /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual(
      [profile!.attributes['phone_number'], profile!.attributes['external_id']],
      ['+14155552671', null],
      'external_id stays the merchant’s',
    );
    const [record] = recordsOf(issued.serialNumber);
    assert.deepEqual(
      { ...record, created_at: null, updated_at: null },
      {
        id: issued.serialNumber,
        serial_number: issued.serialNumber,
        pass_type: 'basic',
        state: 'active',
        platform: '',
        apple_state: 'not-installed',
        google_state: 'not-installed',
        pass_url: landing,
        download_url: landing,
        created_at: null,
        installed_at: null,
        updated_at: null,
        uninstalled_at: null,
        klaviyo_profile_id: profile!.id,
        external_id: 'C-7',
        email: 'ada@example.com',
      },
    );
    const [event, ...more] = eventsOf(issued.serialNumber);
    assert.equal(more.length, 0);
    assert.deepEqual(
      [event!.metric, event!.profileId, event!.uniqueId, event!.backfill],
      ['Pass Created', profile!.id, `${issued.operationId}:write-back-event/${issued.id}`, false],
    );
    assert.equal(event!.properties['pass_url'], landing);
    const mine = stack.klaviyo.simulator
      .requests()
      .filter(({ body }) => JSON.stringify(body).includes(issued.serialNumber));
    assert.deepEqual(
      mine.map(({ path }) => path),
      ['/api/profile-import', '/api/data-source-record-create-jobs', '/api/events'],
    );
    assert.ok(
      stack.klaviyo.simulator.requests().every(({ status }) => status !== null && status < 300),
      'all bodies valid',
    );
  });

  it('a device that registers and leaves makes Pass Installed and Pass Uninstalled, re-installs told apart', async () => {
    const tenant = await stack.klaviyo.tenant({ klaviyo: { metricPrefix: 'Wallet ' } });
    const { pass } = tenant;
    const device = async (event: 'installed' | 'uninstalled', firstInstall: boolean) => {
      await stack.test.owner(
        event === 'installed'
          ? `with d as (insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, 'd', 'aa') returning device_id),
                  p as (update passes set installed_at = now(), first_installed_at = coalesce(first_installed_at, now()) where pass_id = $2)
             insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) select $1, device_id, $2, 'pass.test' from d`
          : `with p as (update passes set uninstalled_at = now() where pass_id = $2) delete from apple_devices where tenant_id = $1`,
        [tenant.tenantId, pass.id],
      );
      const input = { passId: pass.id, platform: 'apple', event, firstInstall, at: new Date().toISOString() };
      const operationId = await accept(stack.test, tenant, { kind: 'device-event', origin: 'device', input });
      const row = await end(tenant, operationId);
      assert.deepEqual([row.status, row.outcome], ['succeeded', 'recorded']);
    };
    const state = () => profileOf(tenant.email)[0]!.attributes.properties;
    await device('installed', true);
    assert.deepEqual([state()['wallet_pass_state'], state()['neostore.wallet.basic.Apple']], ['active', 'installed']);
    await device('uninstalled', false);
    assert.deepEqual(
      [state()['wallet_pass_state'], state()['neostore.wallet.basic.Apple']],
      ['uninstalled', 'uninstalled'],
    );
    await device('installed', false);
    assert.deepEqual(
      eventsOf(pass.serialNumber).map(({ metric, properties }) => [
        metric,
        properties['platform'],
        properties['reinstalled'],
      ]),
      [
        ['Wallet Pass Installed', 'apple', false],
        ['Wallet Pass Uninstalled', 'apple', undefined],
        ['Wallet Pass Installed', 'apple', true],
      ],
    );
    assert.deepEqual(
      recordsOf(pass.serialNumber).map((record) => [record['state'], record['platform']]),
      [
        ['active', 'apple'],
        ['uninstalled', ''],
        ['active', 'apple'],
      ],
    );
    const events = await rowsOf(stack.test).events({ passId: pass.id }, 'type');
    assert.deepEqual(
      events.map(({ type }) => type),
      ['pass.installed', 'pass.uninstalled', 'pass.installed'],
    );
  });

  it('a converted pass is installed as its new type, and no longer as the former one', async () => {
    const tenant = await stack.klaviyo.tenant();
    const { pass } = tenant;
    await stack.test.owner(
      `with d as (insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, 'd', 'aa') returning device_id),
            p as (update passes set installed_at = now(), first_installed_at = now() where pass_id = $2)
       insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) select $1, device_id, $2, 'pass.test' from d`,
      [tenant.tenantId, pass.id],
    );
    const update = async (data: Record<string, number>, passType: string | null) => {
      const identifiers = [{ kind: 'serialNumber', value: pass.serialNumber }] as const;
      const input = { identifiers: [...identifiers], passType, data, updateMetadata: false };
      await end(tenant, await accept(stack.test, tenant, { kind: 'push-update', input }));
      const { properties } = profileOf(tenant.email)[0]!.attributes;
      return ['basic', 'premium'].map((type) => properties[`neostore.wallet.${type}.Apple`]);
    };
    assert.deepEqual(await update({ points: 5 }, null), ['installed', undefined]);
    assert.deepEqual(await update({}, 'premium'), ['not-installed', 'installed']);
    assert.deepEqual(await update({}, 'basic'), ['installed', 'not-installed']);
  });

  it('a lost answer to the event is asked again, and Klaviyo has one event', async () => {
    const tenant = await stack.klaviyo.tenant();
    stack.klaviyo.simulator.setFault({ path: '/api/events', dropResponse: true });
    stack.klaviyo.simulator.setFault({ path: '/api/profile-import', dropResponse: true });
    const issued = await issue(tenant, 'lost@example.com');
    const row = await end(tenant, issued.operationId);
    assert.equal(row.status, 'succeeded');
    const steps = await stepsOf(tenant, issued.operationId);
    assert.equal(steps.get('write-back-event')!.attempts, 2);
    assert.equal(steps.get('write-back-event')!.last_error!.code, 'klaviyo-unreachable');
    assert.equal(eventsOf(issued.serialNumber).length, 1);
    assert.equal(profileOf('lost@example.com').length, 1);
  });

  it('trouble at Klaviyo never delays the pass, and stands under the operation', async () => {
    const tenant = await stack.klaviyo.tenant();
    stack.klaviyo.simulator.setFault({ path: '/api/profile-import', status: 503, html: true, times: 2 });
    const issued = await issue(tenant, 'trouble@example.com');
    const read = await stack.api.fetch(`/v1/passes/${issued.serialNumber}`, { key: tenant.keys.all });
    assert.equal(((await read.json()) as { state: string }).state, 'active');
    const seen = await until(async () => {
      const path = `/api/${tenant.tenantId}/operations/${issued.operationId}`;
      const view = (await (await stack.api.fetch(path, { key: tenant.keys.all })).json()) as {
        status: string;
        steps: { step: string; state: string; lastError: { code: string } | null }[];
      };
      const step = view.steps.find(({ step }) => step === 'write-back-profile');
      return view.status === 'retrying' && step?.state === 'retrying' && step;
    }, 'the status to show the retrying step');
    assert.equal(seen.lastError!.code, 'klaviyo-unavailable');
    assert.equal((await end(tenant, issued.operationId)).status, 'succeeded');
  });

  it('a 429 pauses every worker of the account for the time that Klaviyo names', async () => {
    const tenant = await stack.klaviyo.tenant();
    stack.klaviyo.simulator.setFault({ path: '/api/profile-import', status: 429, retryAfter: '6' });
    const first = await issue(tenant, 'slow1@example.com');
    await until(
      async () =>
        (await stepsOf(tenant, first.operationId)).get('write-back-profile')?.last_error?.code === 'klaviyo-throttled',
      'the throttling to be recorded',
    );
    const second = await issue(tenant, 'slow2@example.com');
    const calls = () =>
      stack.klaviyo.simulator.requests().filter(({ body }) => /slow[12]@example/.test(JSON.stringify(body)));
    const throttledAt = calls().length;
    assert.equal(throttledAt, 1);
    await Promise.all([end(tenant, first.operationId), end(tenant, second.operationId)]);
    const steps = await stepsOf(tenant, second.operationId);
    assert.equal(steps.get('write-back-profile')!.last_error?.code, 'klaviyo-budget', 'the second waited for its turn');
    assert.ok(calls().filter(({ status }) => status === 429).length === 1);
  });

  it('an identifier of another profile is a conflict on record: properties stay, nothing is merged', async () => {
    const tenant = await stack.klaviyo.tenant();
    const other = await issue(tenant, 'owner@example.com', {
      recipient: { email: 'owner@example.com', phone: '+14155550111' },
    });
    await end(tenant, other.operationId);
    const rival = await stack.klaviyo.tenant();
    const issued = await issue(rival, 'rival@example.com', {
      recipient: { email: 'rival@example.com', phone: '+14155550111' },
    });
    assert.equal((await end(rival, issued.operationId)).status, 'succeeded');
    const step = (await stepsOf(rival, issued.operationId)).get('write-back-profile')!;
    assert.equal(step.detail['phone_number'], 'conflict');
    assert.equal(profileOf('rival@example.com')[0]!.attributes.properties['wallet_pass_serial'], issued.serialNumber);
    assert.equal(profileOf('owner@example.com')[0]!.attributes['phone_number'], '+14155550111');
    assert.ok(stack.klaviyo.simulator.requests().every(({ path }) => !/merge|subscription/.test(path)));
  });

  it('an identifier that Klaviyo refused is left alone for a day, unless the customer changes', async () => {
    const owner = await stack.klaviyo.tenant();
    const taken = { email: 'holder@example.com', phone: '+14155550122' };
    await end(owner, (await issue(owner, taken.email, { recipient: taken })).operationId);
    const tenant = await stack.klaviyo.tenant();
    const email = 'sharer@example.com';
    const issued = await issue(tenant, email, { recipient: { email, phone: taken.phone } });
    await end(tenant, issued.operationId);
    const tries = () =>
      stack.klaviyo.simulator.requests().filter(({ method, body }) => {
        const text = JSON.stringify(body);
        return method === 'PATCH' && (text.includes(taken.phone) || text.includes('+14155550123'));
      }).length;
    let points = 100;
    const update = async (): Promise<unknown> => {
      const input = {
        identifiers: [{ kind: 'email', value: email }],
        passType: null,
        data: { points: ++points },
        updateMetadata: false,
      };
      const id = await accept(stack.test, tenant, { kind: 'push-update', input });
      assert.equal((await end(tenant, id)).outcome, 'updated');
      return (await stepsOf(tenant, id)).get('write-back-profile')!.detail['phone_number'];
    };
    const first = tries();
    assert.ok(first > 0, 'nothing was tried');
    assert.deepEqual([await update(), await update(), tries() - first], ['conflict', 'conflict', 0]);

    // A day later it is tried once more, however many write-backs have believed it meanwhile.
    await stack.test.owner(
      `update operation_steps set detail = detail || jsonb_build_object('triedAt', now() - interval '25 hours')
        where tenant_id = $1 and detail ? 'triedAt'`,
      [tenant.tenantId],
    );
    await stack.test.owner(`update customers set updated_at = now() - interval '2 days' where tenant_id = $1`, [
      tenant.tenantId,
    ]);
    assert.deepEqual([await update(), await update(), tries() - first], ['conflict', 'conflict', 1]);

    await stack.test.owner(`update customers set phone = '+14155550123', updated_at = now() where tenant_id = $1`, [
      tenant.tenantId,
    ]);
    assert.deepEqual([await update(), tries() - first], ['written', 2]);
  });

  it('external_id becomes the serial number only where the tenant says so and it is empty', async () => {
    const tenant = await stack.klaviyo.tenant({ klaviyo: { externalId: 'serialNumber' } });
    const first = await issue(tenant, 'ext@example.com');
    await end(tenant, first.operationId);
    assert.equal(profileOf('ext@example.com')[0]!.attributes['external_id'], first.serialNumber);
    const second = await issue(tenant, 'ext@example.com', { passTemplate: 'premium' });
    await end(tenant, second.operationId);
    assert.equal(profileOf('ext@example.com')[0]!.attributes['external_id'], first.serialNumber);
  });

  it('a profile that was merged away in Klaviyo is found again by its address', async () => {
    const tenant = await stack.klaviyo.tenant();
    const issued = await issue(tenant, 'gone@example.com');
    await end(tenant, issued.operationId);
    await stack.test.owner(
      `update customers set klaviyo_profile_id = '01GONEGONEGONEGONEGONEGONE' where email = 'gone@example.com'`,
    );
    await end(
      tenant,
      await accept(stack.test, tenant, {
        kind: 'push-update',
        input: {
          identifiers: [{ kind: 'serialNumber', value: issued.serialNumber }],
          passType: null,
          data: { points: 6 },
          updateMetadata: false,
        },
      }),
    );
    const customer = await rowsOf(stack.test).customerByEmail('gone@example.com', 'klaviyo_profile_id');
    assert.equal(customer.klaviyo_profile_id, profileOf('gone@example.com')[0]!.id);
    const updated = eventsOf(issued.serialNumber).find(({ metric }) => metric === 'Pass Updated');
    assert.deepEqual(updated!.properties['changed_fields'], ['points']);
  });

  it('without a key or a custom object the steps are skipped, with a note', async () => {
    const tenant = await stack.klaviyo.tenant({ klaviyo: { dataSourceId: null } });
    const issued = await issue(tenant, 'noobject@example.com');
    await end(tenant, issued.operationId);
    const object = (await stepsOf(tenant, issued.operationId)).get('write-back-object')!;
    assert.deepEqual([object.state, recordsOf(issued.serialNumber).length], ['skipped', 0]);
    assert.match(String(object.detail['note']), /klaviyo setup/);
    await stack.test.owner('delete from tenant_secrets where tenant_id = $1', [tenant.tenantId]);
    const keyless = await issue(tenant, 'nokey@example.com');
    assert.equal((await end(tenant, keyless.operationId)).status, 'succeeded');
    assert.equal((await stepsOf(tenant, keyless.operationId)).get('write-back-event')!.state, 'skipped');
  });

  it('18 deliveries of one webhook make one pass and one event', async () => {
    const tenant = await stack.klaviyo.tenant();
    const body = { passTemplate: 'basic', pass: { points: 1 }, recipient: { email: 'again@example.com' } };
    const answers = new Map<string, Issued>();
    const send = async (delivery: number) => {
      const response = await stack.api.fetch('/v1/passes', {
        method: 'POST',
        headers: { 'X-API-KEY': tenant.keys.all },
        body: JSON.stringify({ ...body, idempotency_key: 'event-77' }),
      });
      assert.equal(response.status, 201, `delivery ${delivery}`);
      const answer = (await response.json()) as Issued;
      answers.set(answer.operationId, answer);
    };
    await Promise.all(Array.from({ length: 6 }, (_, delivery) => send(delivery)));
    const [issued] = [...answers.values()] as [Issued];
    await end(tenant, issued.operationId);
    for (let delivery = 6; delivery < 18; delivery++) await send(delivery);
    assert.equal(answers.size, 1);
    const operations = await rowsOf(stack.test).operations({ tenantId: tenant.tenantId }, 'operation_id');
    assert.equal(operations.length, 1);
    assert.deepEqual(
      eventsOf(issued.serialNumber).map(({ metric }) => metric),
      ['Pass Created'],
    );
  });
});
