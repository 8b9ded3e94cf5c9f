import { randomBytes, randomUUID } from 'node:crypto';
import type { TestDatabase } from './database.js';
import { seedTenant, type SeededTenant } from './tenant.js';

export type ProfileTenant = SeededTenant;

const FIELDS = [
  { apiFieldName: 'name', type: 'text', required: false, source: 'first_name' },
  { apiFieldName: 'mail', type: 'text', required: false, source: 'email' },
  { apiFieldName: 'tier', type: 'text', required: false, default: 'bronze', source: 'properties.loyalty_tier' },
  { apiFieldName: 'points', type: 'integer', required: false },
];

/** A tenant whose pass type takes name, e-mail and tier from the Klaviyo profile. Call it before an engine reads designs. */
export async function seedProfileTenant(test: TestDatabase, settings: object = {}): Promise<ProfileTenant> {
  const tenant = await seedTenant(test, { klaviyo: { propertyMap: { loyalty_tier: 'tier' } }, ...settings });
  await test.owner(`update pass_type_versions set design = jsonb_set(design, '{fields}', $2) where tenant_id = $1`, [
    tenant.tenantId,
    JSON.stringify(FIELDS),
  ]);
  return tenant;
}

/** A customer known by the given identifiers, with one pass. */
export async function addCustomer(
  test: TestDatabase,
  tenant: ProfileTenant,
  known: { email?: string; phone?: string; customerId?: string; klaviyoProfileId?: string },
): Promise<{ customerId: string; passId: string; serialNumber: string }> {
  const customerId = randomUUID();
  const passId = randomUUID();
  const serialNumber = randomBytes(16).toString('base64url');
  await test.owner(
    `insert into customers (customer_id, tenant_id, email, phone, external_customer_id, klaviyo_profile_id)
     values ($1, $2, $3, $4, $5, $6)`,
    [customerId, tenant.tenantId, known.email, known.phone, known.customerId, known.klaviyoProfileId],
  );
  for (const kind of ['email', 'phone', 'customerId'] as const) {
    if (known[kind] === undefined) continue;
    await test.owner('insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, $2, $3, $4)', [
      tenant.tenantId,
      kind,
      known[kind],
      customerId,
    ]);
  }
  await test.owner(
    `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version, data)
     values ($1, $2, $3, $4, $5, 1, '{"points": 10}')`,
    [passId, tenant.tenantId, customerId, serialNumber, tenant.passTypes.basic],
  );
  return { customerId, passId, serialNumber };
}
