import { randomUUID } from 'node:crypto';
import {
  findOperation,
  insertOrFindOperation,
  type NewOperation,
  type OperationRow,
} from '../../src/database/operations/operations.js';
import type { TestDatabase } from './database.js';
import type { SeededTenant } from './tenant.js';

/** Writes an accepted operation as the API does, past the HTTP layer. */
export async function accept(
  test: TestDatabase,
  tenant: Pick<SeededTenant, 'tenantId'>,
  operation: Pick<NewOperation, 'kind'> & { input: object } & Partial<Omit<NewOperation, 'kind' | 'input'>>,
): Promise<string> {
  const operationId = randomUUID();
  await insertOrFindOperation(test.database.tenant(tenant.tenantId), {
    operationId,
    origin: 'klaviyo',
    ...operation,
    // Tests write inputs of former releases and broken ones, too.
  } as NewOperation);
  return operationId;
}

/** Looks until a condition holds; the time limit only bounds a failure. */
export async function until<T>(look: () => Promise<T | undefined | false>, what: string, limitMs = 60_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`timed out after ${limitMs / 1000} s waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** The operation's row once it has ended. */
export async function ended(
  test: TestDatabase,
  tenantId: string,
  operationId: string,
  limitMs?: number,
): Promise<OperationRow> {
  const look = async () => {
    const row = await findOperation(test.database.tenant(tenantId), operationId);
    return row && ['succeeded', 'failed', 'cancelled'].includes(row.status) && row;
  };
  return until(look, `operation ${operationId} to end`, limitMs);
}
