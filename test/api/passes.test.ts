import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createThrowawayAuthority } from '../../src/wallets/apple/throwaway-certificates.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { seedTenant, type SeededTenant } from '../support/tenant.js';

const DAY_MS = 86_400_000;
let db: TestDatabase;
let api: TestApi;
let tenant: SeededTenant;
let temporal: { state: 'ok' | 'degraded'; detail?: string } = { state: 'ok' };
before(async () => {
  db = await createTestDatabase();
  api = await startTestApi({ database: db.database, health: async () => ({ temporal }) });
  tenant = await seedTenant(db);
});
after(async () => {
  await api.close();
  await db.drop();
});

const get = async (path: string): Promise<Record<string, unknown>> => {
  const response = await api.fetch(path, { key: tenant.keys.all });
  assert.equal(response.status, 200, path);
  return (await response.json()) as Record<string, unknown>;
};

test('a pass shows type, data, revision, state and where it is installed', async () => {
  const bare = await get(`/v1/passes/${tenant.pass.serialNumber}`);
  assert.equal(bare['id'], tenant.pass.id);
  assert.deepEqual(
    [bare['passType'], bare['passTemplate'], bare['state'], bare['revision'], bare['data']],
    ['basic', tenant.passTypes.basic, 'active', 1, { points: 10 }],
  );
  assert.deepEqual(bare['wallets'], { apple: { devices: 0 }, google: { saved: false } });
  await db.owner(
    `with device as (insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, 'd', 'planted-token') returning device_id)
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) select $1, device_id, $2, 'pass.x' from device`,
    [tenant.tenantId, tenant.pass.id],
  );
  await db.owner(
    `insert into google_objects (tenant_id, pass_id, object_id, object_type, class_id, saved_at) values ($1, $2, 'o', 'generic', 'c', now())`,
    [tenant.tenantId, tenant.pass.id],
  );
  const installed = await get(`/v1/passes/${tenant.pass.serialNumber}`);
  assert.deepEqual(installed['wallets'], { apple: { devices: 1 }, google: { saved: true } });
  assert.doesNotMatch(JSON.stringify(installed), /planted-token/);
});

test('pass templates name their fields, so that nobody guesses keys', async () => {
  const { passTemplates } = (await get('/v1/pass-templates')) as {
    passTemplates: { id: string; name: string; fields: { apiFieldName: string; type: string; default: unknown }[] }[];
  };
  assert.deepEqual(
    passTemplates.map(({ id, name }) => [id, name]),
    [
      [tenant.passTypes.basic, 'basic'],
      [tenant.passTypes.premium, 'premium'],
    ],
  );
  assert.deepEqual(
    passTemplates[0]!.fields.map((field) => [field.apiFieldName, field.type, field.default]),
    [
      ['points', 'integer', null],
      ['tier', 'text', 'bronze'],
    ],
  );
});

test('readiness degrades, and stays ready, without Temporal or near the end of a certificate', async () => {
  const ready = () => get('/readyz') as Promise<{ state: string; parts: Record<string, { state: string }> }>;
  assert.equal((await ready()).state, 'ok');
  temporal = { state: 'degraded', detail: 'does not answer' };
  assert.equal((await ready()).parts['temporal']?.state, 'degraded');
  temporal = { state: 'ok' };
  await db.owner(
    `insert into apple_certificates (tenant_id, fingerprint, pass_type_identifier, team_identifier, certificate_pem, wwdr_pem, private_key_secret, not_before, not_after)
     values ($1, 'f', 'pass.planted', 'T', '', '', '', now(), $2)`,
    [tenant.tenantId, new Date(Date.now() + 5.5 * DAY_MS)],
  );
  const near = (await ready()) as Awaited<ReturnType<typeof ready>> & { certificates: object };
  assert.equal(near.state, 'degraded');
  assert.equal(near.parts['certificates']?.state, 'degraded');
  assert.deepEqual(near.certificates, { active: 1, soonestExpiryDays: 5 });
  // The next one beside it serves longer, but no longer than its intermediate.
  const intermediate = createThrowawayAuthority({ commonName: 'WWDR', now: () => Date.now() - (3650 - 9.5) * DAY_MS });
  await db.owner(
    `insert into apple_certificates (tenant_id, fingerprint, pass_type_identifier, team_identifier, certificate_pem, wwdr_pem, private_key_secret, not_before, not_after)
     values ($1, 'g', 'pass.planted', 'T', '', $3, '', now(), $2)`,
    [tenant.tenantId, new Date(Date.now() + 300 * DAY_MS), intermediate.certificatePem],
  );
  assert.deepEqual(((await ready()) as typeof near).certificates, { active: 1, soonestExpiryDays: 9 });
  await db.owner(
    `update apple_certificates set not_after = now() - interval '36 hours' where pass_type_identifier = $1`,
    ['pass.planted'],
  );
  const ended = (await ready()) as typeof near & { parts: { certificates: { detail: string } } };
  assert.equal((ended.certificates as { soonestExpiryDays: number }).soonestExpiryDays, -1);
  assert.match(ended.parts.certificates.detail, /expired on \d{4}-\d\d-\d\d/);
  const strange = await (await api.fetch('/readyz')).text();
  assert.doesNotMatch(strange, new RegExp(`pass\\.planted|${tenant.tenantId}`));
});
