import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { MAX_DEVICES, registerDevice } from '../../../src/database/devices/devices.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { seedTenant, type SeededTenant } from '../../support/tenant.js';

let db: TestDatabase;
let tenant: SeededTenant;
before(async () => {
  db = await createTestDatabase();
});
after(() => db?.drop());
beforeEach(async () => {
  tenant = await seedTenant(db);
  await db.owner(`update passes set apple_pass_type_identifier = 'pass.test' where pass_id = $1`, [tenant.pass.id]);
});

const register = (name: string, passId = tenant.pass.id) =>
  registerDevice(db.database.tenant(tenant.tenantId), {
    tenantId: tenant.tenantId,
    passId,
    deviceLibraryIdentifier: name,
    pushToken: 'ab',
  });

const devices = async (): Promise<string[]> =>
  (
    await db.owner<{ name: string }>(
      `select device_library_identifier as name from apple_devices where tenant_id = $1 order by created_at`,
      [tenant.tenantId],
    )
  ).map(({ name }) => name);

/** Fifty devices, each idle for a minute longer than the one after it. */
async function fill(): Promise<void> {
  for (let i = 0; i < MAX_DEVICES; i++) await register(`device-${i}`);
  await db.owner(
    `update apple_registrations r set registered_at = now() - (50 - substr(device_library_identifier, 8)::int) * interval '1 minute'
       from apple_devices d where d.device_id = r.device_id and r.tenant_id = $1`,
    [tenant.tenantId],
  );
}

test('beyond fifty devices the one that was idle for the longest time makes room, once for each newcomer', async () => {
  await fill();
  await db.owner(
    `update apple_registrations r set last_fetched_at = now() from apple_devices d
      where d.device_id = r.device_id and device_library_identifier = 'device-0' and r.tenant_id = $1`,
    [tenant.tenantId],
  );
  assert.deepEqual(await register('newcomer'), { created: true, event: false });
  assert.deepEqual(await register('newcomer'), { created: false, event: false });
  const left = await devices();
  assert.equal(left.length, MAX_DEVICES);
  assert.ok(left.includes('device-0') && left.includes('newcomer') && !left.includes('device-1'));
});

test('a device whose token is dead goes first, and one that has another pass stays for that', async () => {
  await fill();
  await db.owner(
    `update apple_devices set token_gone_at = now() where device_library_identifier = 'device-49' and tenant_id = $1`,
    [tenant.tenantId],
  );
  const [other] = await db.owner<{ pass_id: string }>(
    `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version, data, apple_pass_type_identifier)
     select gen_random_uuid(), tenant_id, customer_id, gen_random_uuid()::text, $2, 1, '{}', 'pass.test' from passes where pass_id = $1
     returning pass_id`,
    [tenant.pass.id, tenant.passTypes.premium],
  );
  await register('device-0', other!.pass_id);
  await register('first');
  assert.ok(!(await devices()).includes('device-49'));
  await register('second');
  assert.ok((await devices()).includes('device-0'));
  const [row] = await db.owner<{ count: string }>('select count(*) from apple_registrations where pass_id = $1', [
    tenant.pass.id,
  ]);
  assert.equal(Number(row!.count), MAX_DEVICES);
});

test('a flood at the same time ends at fifty', async () => {
  await Promise.all(Array.from({ length: 90 }, (_, i) => register(`device-${i}`)));
  assert.equal((await devices()).length, MAX_DEVICES);
  // What was stored before there was a limit goes with the next registration.
  await db.owner(
    `with more as (
       insert into apple_devices (tenant_id, device_library_identifier, push_token)
       select $1, 'old-' || i, 'cd' from generate_series(1, 200) i returning tenant_id, device_id
     )
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier)
     select tenant_id, device_id, $2, 'pass.test' from more`,
    [tenant.tenantId, tenant.pass.id],
  );
  await register('newcomer');
  assert.equal((await devices()).length, MAX_DEVICES);
});
