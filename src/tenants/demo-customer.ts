import { randomBytes, randomUUID } from 'node:crypto';
import type { TenantSql } from '../database/connect.js';
import { findPassType } from '../database/tenants/pass-types.js';
import { computeVisuals } from '../passes/visuals.js';
import { DEMO_PASS_TYPE_IDENTIFIER } from './demo-certificates.js';

const CUSTOMER = {
  email: 'sarah.mason@example.com',
  phone: '+15005550006',
  customerId: 'C-1001',
  firstName: 'Sarah',
  lastName: 'Mason',
};

const DATA = {
  'member-name': 'Sarah Mason',
  'member-email': CUSTOMER.email,
  tier: 'silver',
  points: 120,
  offer: '10% off whole beans',
  'member-since': '2024-03-18',
};

export interface DemoPass {
  passId: string;
  serialNumber: string;
  passTypeIdentifier: string;
  identifiers: { email: string; phone: string; customerId: string };
}

/** The demo's one customer and her one pass, made once; later starts find them as they are by then. */
export async function ensureDemoPass(database: TenantSql, tenantId: string): Promise<DemoPass> {
  return database.transaction(async (sql) => {
    // Two first starts at once must not make two passes.
    await sql.query('select from tenants where tenant_id = $1 for update', [tenantId]);
    const describe = (passId: string, serialNumber: string): DemoPass => ({
      passId,
      serialNumber,
      passTypeIdentifier: DEMO_PASS_TYPE_IDENTIFIER,
      identifiers: { email: CUSTOMER.email, phone: CUSTOMER.phone, customerId: CUSTOMER.customerId },
    });
    const [existing] = await sql.query<{ pass_id: string; serial_number: string }>(
      `select p.pass_id, p.serial_number from customer_identifiers i join passes p using (customer_id)
        where i.tenant_id = $1 and i.kind = 'email' and i.value = $2 order by p.created_at limit 1`,
      [tenantId, CUSTOMER.email],
    );
    if (existing) return describe(existing.pass_id, existing.serial_number);

    const type = await findPassType(sql, tenantId, 'basic');
    if (!type) throw new Error('the demo tenant has no pass type "basic": was its folder applied?');
    const customerId = randomUUID();
    await sql.query(
      `insert into customers (customer_id, tenant_id, email, phone, external_customer_id, first_name, last_name, language)
       values ($1, $2, $3, $4, $5, $6, $7, 'en')`,
      [
        customerId,
        tenantId,
        CUSTOMER.email,
        CUSTOMER.phone,
        CUSTOMER.customerId,
        CUSTOMER.firstName,
        CUSTOMER.lastName,
      ],
    );
    for (const kind of ['email', 'phone', 'customerId'] as const) {
      await sql.query(
        'insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, $2, $3, $4)',
        [tenantId, kind, CUSTOMER[kind], customerId],
      );
    }
    const [{ tag } = { tag: '0' }] = await sql.query<{ tag: string }>(
      `insert into update_tags (tenant_id, apple_pass_type_identifier, tag) values ($1, $2, 1)
       on conflict (tenant_id, apple_pass_type_identifier) do update set tag = update_tags.tag + 1 returning tag`,
      [tenantId, DEMO_PASS_TYPE_IDENTIFIER],
    );
    const passId = randomUUID();
    const serialNumber = randomBytes(18).toString('base64url');
    await sql.query(
      `insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version,
                           apple_pass_type_identifier, data, visuals, update_tag, live_key, modified_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, date_trunc('second', now()))`,
      [
        passId,
        tenantId,
        customerId,
        serialNumber,
        type.passTypeId,
        type.version,
        DEMO_PASS_TYPE_IDENTIFIER,
        JSON.stringify(DATA),
        JSON.stringify(computeVisuals(type.design, DATA)),
        tag,
        `${customerId}:${type.passTypeId}`,
      ],
    );
    return describe(passId, serialNumber);
  });
}
