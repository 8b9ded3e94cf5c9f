import { createApiKey } from '../src/database/tenants/api-keys.js';
import type { BenchDatabase } from './servers.js';

export const TENANT = 'bench';
export const PASS_TYPE = 'ptk_0xbe0c4';
export const APPLE_PASS_TYPE = 'pass.com.example.bench';

const design = {
  name: 'bench',
  id: PASS_TYPE,
  description: 'Bench',
  organizationName: 'Example',
  fields: [
    { apiFieldName: 'points', type: 'integer' },
    { apiFieldName: 'tier', type: 'text', default: 'bronze' },
  ],
  visuals: {},
};

/** A tenant with one pass type; returns a key for its webhooks. No budget of requests or pushes stands in the way. */
export async function seedTenant({ owner, database }: BenchDatabase, tenant = TENANT): Promise<string> {
  const settings = { requestsPerMinute: 1_000_000_000, pushWindowSeconds: 0 };
  await owner(
    `insert into tenants (tenant_id, account_id, name, settings) values ($1, 'aid_0x' || md5($1), 'Bench', $2)`,
    [tenant, JSON.stringify(settings)],
  );
  await owner(`insert into pass_types (tenant_id, pass_type_id, name, current_version) values ($1, $2, 'bench', 1)`, [
    tenant,
    PASS_TYPE,
  ]);
  await owner(
    `insert into pass_type_versions (tenant_id, pass_type_id, version, design, digest) values ($1, $2, 1, $3, 'bench')`,
    [tenant, PASS_TYPE, JSON.stringify(design)],
  );
  const scopes = ['KlaviyoListener.Write'];
  return (await createApiKey(database.tenant(tenant), { tenantId: tenant, name: 'bench', scopes })).key;
}

/** Customers 1 to `count`, each with an e-mail address, a phone number and one pass, then fresh statistics. */
export async function seedPasses({ owner }: BenchDatabase, count: number, tenant = TENANT): Promise<void> {
  await owner(
    `insert into customers (customer_id, tenant_id, email)
     select md5($1 || 'customer ' || i)::uuid, $1, 'c' || i || '@example.com' from generate_series(1, $2::int) i`,
    [tenant, count],
  );
  await owner(
    `insert into customer_identifiers (tenant_id, kind, value, customer_id)
     select $1, 'email', 'c' || i || '@example.com', md5($1 || 'customer ' || i)::uuid from generate_series(1, $2::int) i`,
    [tenant, count],
  );
  await owner(
    `insert into customer_identifiers (tenant_id, kind, value, customer_id)
     select $1, 'phone', '+1202' || (10000000 + i), md5($1 || 'customer ' || i)::uuid from generate_series(1, $2::int) i`,
    [tenant, count],
  );
  await owner(
    `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version, apple_pass_type_identifier, data)
     select md5($1 || 'pass ' || i)::uuid, $1, md5($1 || 'customer ' || i)::uuid, md5($1 || 'serial ' || i), $3, 1, $4, '{"points": 10, "tier": "bronze"}'
       from generate_series(1, $2::int) i`,
    [tenant, count, PASS_TYPE, APPLE_PASS_TYPE],
  );
  for (const table of ['customers', 'customer_identifiers', 'passes']) await owner(`vacuum analyze ${table}`);
}

/** One phone with a push token of its own for each pass from `first` to `last`; returns the tokens. */
export async function seedDevices(
  { owner }: BenchDatabase,
  first: number,
  last: number,
  tenant = TENANT,
): Promise<string[]> {
  const rows = await owner<{ push_token: string }>(
    `insert into apple_devices (device_id, tenant_id, device_library_identifier, push_token)
     select md5($1 || 'device ' || i)::uuid, $1, md5($1 || 'library ' || i), md5($1 || 'token ' || i) || md5($1 || 'nekot ' || i)
       from generate_series($2::int, $3::int) i returning push_token`,
    [tenant, first, last],
  );
  await owner(
    `insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier)
     select $1, md5($1 || 'device ' || i)::uuid, md5($1 || 'pass ' || i)::uuid, $4 from generate_series($2::int, $3::int) i`,
    [tenant, first, last, APPLE_PASS_TYPE],
  );
  return rows.map((row) => row.push_token);
}

/**
 * Accepts one push-update for each pass from `first` to `last`, all in one commit, as if a segment had just been sent
 * to: new points, found by e-mail address. Returns their ids.
 */
export async function acceptUpdates(
  { owner }: BenchDatabase,
  range: { first: number; last: number; points: number; status?: 'accepted' | 'succeeded'; tenant?: string },
): Promise<string[]> {
  const rows = await owner<{ operation_id: string }>(
    `insert into operations (operation_id, tenant_id, kind, origin, status, input)
     select gen_random_uuid(), $1, 'push-update', 'klaviyo', $5,
            jsonb_build_object('identifiers', jsonb_build_array(jsonb_build_object('kind', 'email', 'value', 'c' || i || '@example.com')),
                               'passType', null, 'data', jsonb_build_object('points', $4::int + i), 'updateMetadata', false)
       from generate_series($2::int, $3::int) i returning operation_id`,
    [range.tenant ?? TENANT, range.first, range.last, range.points, range.status ?? 'accepted'],
  );
  return rows.map((row) => row.operation_id);
}
