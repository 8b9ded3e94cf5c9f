import { randomUUID } from 'node:crypto';
import { putSecret, SECRET_NAMES } from '../../src/database/secrets.js';
import type { TestDatabase } from './database.js';
import { tenantTables } from './sample-rows.js';
import { testSecretBox } from './secret-box.js';
import type { SeededTenant } from './tenant.js';

export const TOKEN_KEY = Buffer.alloc(32, 3);
export type Ids = Record<string, string>;

/** One of each thing that an address of a route can name. */
export async function seedMore(db: TestDatabase, tenant: SeededTenant): Promise<Ids> {
  const id = {
    operation: randomUUID(),
    endpoint: randomUUID(),
    event: randomUUID(),
    delivery: randomUUID(),
    campaign: randomUUID(),
    sent: randomUUID(),
    offer: randomUUID(),
  };
  const t = tenant.tenantId;
  const device = `${t}-device`.padEnd(32, '0');
  await db.owner(
    `insert into operations (operation_id, tenant_id, kind, input, status, outcome, pass_id, ended_at)
     values ($2, $1, 'push-update', '{}', 'failed', 'gave-up', $3, now())`,
    [t, id.operation, tenant.pass.id],
  );
  await db.owner(
    `insert into webhook_endpoints (endpoint_id, tenant_id, url, event_types) values ($2, $1, 'https://m.example/', '{}')`,
    [t, id.endpoint],
  );
  await db.owner(
    `insert into campaigns (campaign_id, tenant_id, name, definition, state)
     values ($2, $1, 'theirs', '{"audience": {"csv": {}}, "action": {"type": "void"}, "schedule": {}, "holdoutPercent": 0}', 'uploading')`,
    [t, id.campaign],
  );
  await db.owner(`insert into events (event_id, tenant_id, type, payload) values ($2, $1, 'pass.updated', '{}')`, [
    t,
    id.event,
  ]);
  await db.owner(
    `insert into deliveries (delivery_id, tenant_id, endpoint_id, event_id, status) values ($2, $1, $3, $4, 'exhausted')`,
    [t, id.delivery, id.endpoint, id.event],
  );
  await db.owner(
    `insert into messages (message_id, tenant_id, pass_id, customer_id, class, content, state)
     values ($2, $1, $3, $4, 'service', '{"text":"Hi","title":null,"link":null}', 'sent')`,
    [t, id.sent, tenant.pass.id, tenant.customerId],
  );
  await db.owner(
    `insert into offers (offer_id, tenant_id, pass_id, acceptance_sequence, fields, priority, starts_at, ends_at)
     values ($2, $1, $3, 1, '{"tier":"gold"}', 0, now() + interval '1 day', now() + interval '2 days')`,
    [t, id.offer, tenant.pass.id],
  );
  await putSecret(db.database.tenant(t), SECRET_NAMES.passTokenKey, TOKEN_KEY, testSecretBox);
  const type = `pass.example.${t}`;
  await db.owner(`update passes set apple_pass_type_identifier = $2, external_id = $3 where pass_id = $1`, [
    tenant.pass.id,
    type,
    `${t}-external`,
  ]);
  const [row] = await db.owner<{ device_id: string }>(
    `insert into apple_devices (tenant_id, device_library_identifier, push_token) values ($1, $2, 'ab') returning device_id`,
    [t, device],
  );
  await db.owner(
    `insert into apple_registrations (tenant_id, device_id, pass_id, apple_pass_type_identifier) values ($1, $2, $3, $4)`,
    [t, row!.device_id, tenant.pass.id, type],
  );
  const [key] = await db.owner<{ key_id: string }>('select key_id from api_keys where tenant_id = $1 limit 1', [t]);
  return { ...id, device, type, key: key!.key_id, external: `${t}-external` };
}

/** By name of a parameter or of a property. */
export function idsOf(tenant: SeededTenant, more: Ids): Ids {
  return {
    tenantId: tenant.tenantId,
    accountId: tenant.accountId,
    correlationId: more['operation']!,
    operationId: more['operation']!,
    serialNumber: tenant.pass.serialNumber,
    serial: tenant.pass.serialNumber,
    pass: tenant.pass.serialNumber,
    passId: tenant.pass.id,
    id: tenant.pass.id,
    externalId: more['external']!,
    customerId: tenant.customerId,
    customer: tenant.customerId,
    email: tenant.email,
    passTemplate: tenant.passTypes.basic,
    passTypeId: tenant.passTypes.basic,
    endpointId: more['endpoint']!,
    endpoint: more['endpoint']!,
    eventId: more['event']!,
    deliveryId: more['delivery']!,
    campaignId: more['campaign']!,
    messageId: more['sent']!,
    offerId: more['offer']!,
    keyId: more['key']!,
    device: more['device']!,
    type: more['type']!,
    passType: tenant.passTypes.basic,
    // Not of any tenant.
    code: 'not-found',
    token: 'A'.repeat(43),
  };
}

/** Every row of a tenant in every table, as one text. */
export async function everythingOf(db: TestDatabase, tenantId: string): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const table of await tenantTables(db)) {
    const [row] = await db.owner<{ rows: string }>(
      `select coalesce(string_agg(t::text, e'\\n' order by t::text), '') as rows from ${table} t where tenant_id = $1`,
      [tenantId],
    );
    all[table] = row!.rows;
  }
  return all;
}
