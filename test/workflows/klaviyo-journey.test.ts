import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerDevice, unregisterDevice } from '../../src/database/devices/devices.js';
import { publishVersion } from '../../src/database/tenants/pass-types.js';
import { webhookSnippet } from '../../src/klaviyo/webhook-snippet.js';
import { passTypeDesign } from '../../src/passes/pass-type.js';
import { startTestApi } from '../support/api.js';
import { createTestDatabase } from '../support/database.js';
import { startEngine } from '../support/engine.js';
import { startTestKlaviyo } from '../support/klaviyo.js';
import { until } from '../support/operations.js';
import { rowsOf } from '../support/rows.js';

const design = passTypeDesign.parse({
  name: 'club',
  id: 'ptk_0xc1b',
  description: 'Club card',
  organizationName: 'Test',
  fields: [
    { apiFieldName: 'member-name', type: 'text', required: true, source: 'first_name' },
    { apiFieldName: 'points', type: 'integer', source: 'properties.loyalty points' },
    { apiFieldName: 'tier', type: 'text', default: 'bronze', source: 'properties.loyalty.tier' },
  ],
  apple: { passTypeIdentifier: 'pass.com.example.club', style: 'storeCard' },
});

test('from a flow’s webhook to a pass, its link in the profile, and what the phone does with it', async () => {
  const db = await createTestDatabase();
  const klaviyo = await startTestKlaviyo(db);
  const api = await startTestApi({ database: db.database });
  const engine = await startEngine(db, { deps: { klaviyo: klaviyo.access } });
  const { simulator } = klaviyo;
  try {
    const tenant = await klaviyo.tenant();
    await publishVersion(db.database.tenant(tenant.tenantId), design, {});
    // A person in Klaviyo, as the shop's sign-up form left her: the name is one that templates escape.
    const person = { email: 'grace@example.com', first_name: 'Grace O’Hopper & Co', phone_number: '+14155552671' };
    await fetch(`${simulator.url}/api/profile-import`, {
      method: 'POST',
      headers: {
        authorization: `Klaviyo-API-Key ${simulator.apiKey}`,
        revision: '2026-07-15',
        'content-type': 'application/vnd.api+json',
      },
      body: JSON.stringify({
        data: {
          type: 'profile',
          attributes: { ...person, properties: { 'loyalty points': 120, 'loyalty.tier': 'gold' } },
        },
      }),
    });
    const profile = () => simulator.profiles().find(({ attributes }) => attributes['email'] === person.email)!;
    const snippet = webhookSnippet(design, { publicUrl: api.baseUrl, accountId: tenant.accountId });
    const headers = { ...snippet.headers, 'X-API-KEY': tenant.keys.all };
    const flow = simulator.addFlow({
      trigger: { manual: true },
      webhook: { url: snippet.url, headers },
      template: snippet.body,
    });
    // The next flow waits for the event that the write-back makes.
    simulator.addFlow({
      trigger: { metric: 'Pass Created' },
      webhook: { url: `${api.baseUrl}/livez`, headers: {} },
      template: `{"link":"{{ person|lookup:'wallet_pass_url' }}","event":"{{ event|lookup:'pass_url' }}"}`,
    });

    simulator.runFlow(flow, profile().id);
    await simulator.settled();
    const [delivery] = simulator.deliveries;
    assert.equal(delivery!.attempts[0]!.status, 201, delivery!.attempts[0]!.response);
    const issued = JSON.parse(delivery!.attempts[0]!.response) as { id: string; serialNumber: string };
    const pass = await rowsOf(db).pass(issued.id, 'data');
    assert.deepEqual(pass.data, { 'member-name': person.first_name, points: 120, tier: 'gold' });

    const event = (metric: string) =>
      until(
        async () =>
          simulator
            .events()
            .find((one) => one.metric === metric && one.properties['serial_number'] === issued.serialNumber),
        metric,
      );
    const created = await event('Pass Created');
    const link = `https://passes.example/p/${issued.serialNumber}`;
    assert.deepEqual([created.profileId, created.properties['pass_url']], [profile().id, link]);
    await until(async () => simulator.deliveries.length === 2, 'the second flow');
    assert.equal(
      simulator.deliveries[1]!.body,
      JSON.stringify({ link, event: link }),
      'profile and event hold the link',
    );
    assert.equal(simulator.profiles().length, 1, 'no second profile');

    const page = await api.fetch(new URL(link).pathname, { headers: { accept: 'text/html' } });
    assert.equal(page.status, 200);
    const device = { tenantId: tenant.tenantId, passId: issued.id, deviceLibraryIdentifier: 'phone-1' };
    const sql = db.database.tenant(tenant.tenantId);
    await registerDevice(sql, { ...device, pushToken: 'aa11' });
    const installed = await event('Pass Installed');
    assert.deepEqual([installed.properties['platform'], installed.properties['reinstalled']], ['apple', false]);
    assert.equal(profile().attributes.properties['neostore.wallet.club.Apple'], 'installed');
    await unregisterDevice(sql, device);
    await event('Pass Uninstalled');
    assert.equal(profile().attributes.properties['wallet_pass_state'], 'uninstalled');
    const last = simulator
      .records()
      .filter(({ record }) => record['id'] === issued.serialNumber)
      .at(-1)!.record;
    assert.deepEqual([last['state'], last['apple_state']], ['uninstalled', 'uninstalled']);
    const refused = simulator.requests().filter(({ status }) => status === null || status >= 400);
    assert.deepEqual(refused, [], 'every body of the run was valid');
  } finally {
    await engine.stop();
    await api.close();
    await simulator.close();
    await db.drop();
  }
});
