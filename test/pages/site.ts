import { randomUUID } from 'node:crypto';
import { mintLink } from '../../src/database/customers/links.js';
import { startAppleService, type AppleService } from '../support/apple-service.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

export interface Site extends Omit<AppleService, 'token'> {
  db: TestDatabase;
  /** A customer of the demo's tenant without a pass. */
  newCustomer(known?: { firstName?: string; email?: string }): Promise<string>;
  /** Their token, as the write-back would put it into the profile. */
  token(customerId: string): Promise<string>;
  /** The address of a personal link as a mail has it. */
  link(path: string, token: string): string;
}

/** The demo tenant's pages on a free port. */
export async function startSite(): Promise<Site> {
  const db = await createTestDatabase();
  const service = await startAppleService(db);
  const { tenantId } = service.demo;
  const sql = db.database.tenant(tenantId);
  return {
    ...service,
    db,
    async newCustomer(known = {}) {
      const customerId = randomUUID();
      const email = known.email ?? `${customerId.slice(0, 8)}@example.com`;
      await sql.query('insert into customers (customer_id, tenant_id, email, first_name) values ($1, $2, $3, $4)', [
        customerId,
        tenantId,
        email,
        known.firstName ?? null,
      ]);
      await sql.query(
        `insert into customer_identifiers (tenant_id, kind, value, customer_id) values ($1, 'email', $2, $3)`,
        [tenantId, email, customerId],
      );
      return customerId;
    },
    token: (customerId: string) =>
      mintLink(sql, service.secretBox, {
        tenantId,
        customerId,
        purpose: 'mail',
        settings: { expiryDays: 90, graceDays: 14 },
        now: Date.now,
      }),
    link: (path, token) => `${service.baseUrl}/${tenantId}/${path}?neo.authToken=${encodeURIComponent(token)}`,
    async close() {
      await service.close();
      await db.drop();
    },
  };
}
