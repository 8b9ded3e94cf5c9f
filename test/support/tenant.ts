import { randomBytes, randomUUID } from 'node:crypto';
import { createApiKey } from '../../src/database/tenants/api-keys.js';
import { SCOPES } from '../../src/common/scopes.js';
import type { TestDatabase } from './database.js';

export interface SeededTenant {
  tenantId: string;
  accountId: string;
  /** A live key with every scope, and one with the listener's scope only. */
  keys: { all: string; listener: string };
  passTypes: { basic: string; premium: string };
  customerId: string;
  pass: { id: string; serialNumber: string };
  email: string;
}

const design = (name: string, id: string) => ({
  name,
  id,
  description: `${name} card`,
  organizationName: 'Test',
  fields: [
    { apiFieldName: 'points', type: 'integer', required: false },
    { apiFieldName: 'tier', type: 'text', required: false, default: 'bronze' },
  ],
  visuals: {},
});

let counter = 0;

/** A tenant with keys, two pass types, one customer and one pass, written by SQL alone: no other part has to work. */
export async function seedTenant(test: TestDatabase, settings: object = {}): Promise<SeededTenant> {
  const tenantId = `tenant-${++counter}`;
  const accountId = `aid_0x${randomBytes(4).toString('hex')}`;
  const email = `sarah${counter}@example.com`;
  const passTypes = { basic: `ptk_0x${counter}a`, premium: `ptk_0x${counter}b` };
  await test.owner('insert into tenants (tenant_id, account_id, name, settings) values ($1, $2, $1, $3)', [
    tenantId,
    accountId,
    JSON.stringify(settings),
  ]);
  for (const [name, id] of Object.entries(passTypes)) {
    await test.owner('insert into pass_types (tenant_id, pass_type_id, name, current_version) values ($1, $2, $3, 1)', [
      tenantId,
      id,
      name,
    ]);
    await test.owner(
      `insert into pass_type_versions (tenant_id, pass_type_id, version, design, digest) values ($1, $2, 1, $3, 'x')`,
      [tenantId, id, JSON.stringify(design(name, id))],
    );
  }
  const customerId = randomUUID();
  const pass = { id: randomUUID(), serialNumber: randomBytes(16).toString('base64url') };
  await test.owner('insert into customers (customer_id, tenant_id, email) values ($1, $2, $3)', [
    customerId,
    tenantId,
    email,
  ]);
  await test.owner(
    `insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, 'email', $2, $3)`,
    [tenantId, email, customerId],
  );
  await test.owner(
    `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version, data)
     values ($1, $2, $3, $4, $5, 1, '{"points": 10}')`,
    [pass.id, tenantId, customerId, pass.serialNumber, passTypes.basic],
  );
  const sql = test.database.tenant(tenantId);
  const all = await createApiKey(sql, { tenantId, name: 'all', scopes: SCOPES });
  const listener = await createApiKey(sql, { tenantId, name: 'listener', scopes: ['KlaviyoListener.Write'] });
  return {
    tenantId,
    accountId,
    keys: { all: all.key, listener: listener.key },
    passTypes,
    customerId,
    pass,
    email,
  };
}
