import { randomUUID } from 'node:crypto';
import type { FormedKind } from '../../src/passes/burst-kind.js';
import type { SendMessageInput } from '../../src/passes/operation-input.js';
import type { OperationKind } from '../../src/passes/operation.js';
import type { TestDatabase } from './database.js';
import type { SeededTenant } from './tenant.js';

/** Customers with one pass and one phone each, as a segment is. */
export async function seedSegment(
  test: TestDatabase,
  { tenantId, passTypes }: SeededTenant,
  count: number,
  from = 1,
): Promise<void> {
  await test.owner(
    `with people as (
       insert into customers (customer_id, tenant_id, email)
       select gen_random_uuid(), $1, 'c' || i || '@example.com' from generate_series($4::int, $2::int) i returning customer_id, email
     ), known as (
       insert into customer_identifiers (tenant_id, kind, value, customer_id) select $1, 'email', email, customer_id from people
     ), cards as (
       insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version,
                           apple_pass_type_identifier, data)
       select gen_random_uuid(), $1, customer_id, md5($1 || email), $3, 1, 'pass.test', '{"points": 10}' from people
       returning pass_id
     ), phones as (
       insert into apple_devices (device_id, tenant_id, device_library_identifier, push_token)
       select pass_id, $1, md5(pass_id::text), md5(pass_id::text) from cards returning device_id
     )
     insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier)
     select $1, device_id, device_id, 'pass.test' from phones`,
    [tenantId, count, passTypes.basic, from],
  );
}

/** The passes of a segment, in the order of its customers. */
export async function segmentPasses(
  test: TestDatabase,
  { tenantId }: Pick<SeededTenant, 'tenantId'>,
): Promise<string[]> {
  const rows = await test.owner<{ pass_id: string }>(
    `select p.pass_id from passes p join customers c using (customer_id)
      where c.tenant_id = $1 and c.email ~ '^c[0-9]+@' order by substring(c.email from '[0-9]+')::int`,
    [tenantId],
  );
  return rows.map(({ pass_id }) => pass_id);
}

/** Accepts updates, or operations of other kinds, in one commit; returns the ids in the order of acceptance. */
export async function acceptMany(
  test: TestDatabase,
  { tenantId }: Pick<SeededTenant, 'tenantId'>,
  inputs: readonly object[],
  { later = false, kinds = [] }: { later?: boolean; kinds?: readonly OperationKind[] } = {},
): Promise<string[]> {
  const ids = inputs.map(() => randomUUID());
  await test.owner(
    `insert into operations (operation_id, tenant_id, kind, origin, input, dispatch_after)
     select id, $1, kind, 'klaviyo', input, now() + $4 * interval '1 hour'
       from unnest($2::uuid[], $3::jsonb[], $5::text[]) with ordinality as i (id, input, kind, n) order by n`,
    [
      tenantId,
      ids,
      inputs.map((input) => JSON.stringify(input)),
      later ? 1 : 0,
      inputs.map((_, place) => kinds[place] ?? 'push-update'),
    ],
  );
  return ids;
}

/** Puts operations that wait into a burst, as the dispatcher does, and starts no run. */
export async function formBurst(
  test: TestDatabase,
  tenantId: string,
  ids: readonly string[],
  kind: FormedKind = 'push-update',
): Promise<{ tenantId: string; burstId: string }> {
  const ref = { tenantId, burstId: randomUUID() };
  await test.owner(
    `with formed as (
       insert into bursts (burst_id, tenant_id, kind, operation_ids, dispatched_by) values ($1, $2, $3, $4, $1)
     )
     update operations set burst_id = $1, dispatched_at = now() where operation_id = any($4) and status = 'accepted'`,
    [ref.burstId, tenantId, kind, ids],
  );
  return ref;
}

/** A push-update of one customer of a segment. */
export const update = (customer: number, data: object, more: object = {}) => ({
  identifiers: [{ kind: 'email', value: `c${customer}@example.com` }],
  passType: null,
  data,
  updateMetadata: false,
  ...more,
});

/** A message to somebody, at once. */
export const messageInput = (email: string, more: object = {}): SendMessageInput => ({
  identifiers: [{ kind: 'email', value: email }],
  content: { text: 'Hello', title: null, link: null },
  class: 'marketing',
  validUntil: null,
  validForSeconds: null,
  notBefore: null,
  respectQuietHours: null,
  ...more,
});

/** The same, to one customer of a segment. */
export const messageTo = (customer: number, more: object = {}): SendMessageInput =>
  messageInput(`c${customer}@example.com`, more);
