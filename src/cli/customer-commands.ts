import { isUuid } from '../common/uuid.js';
import { Command } from 'commander';
import { exportCustomer, findCustomerIds } from '../database/customers/customer-export.js';
import { findOperation, insertOrFindOperation, listSteps } from '../database/operations/operations.js';
import { getTenant, type Tenant } from '../database/tenants/tenants.js';
import { normaliseIdentifier } from '../passes/identifiers.js';
import type { CliContext } from './context.js';
import { mergeCustomersCommand } from './merge-customers-command.js';

/** An identifier as typed, and as it is kept: an e-mail or a phone number has a normal form. */
function spellings(typed: string, { settings }: Tenant): string[] {
  const all = new Set([typed]);
  for (const kind of ['email', 'phone', 'customerId']) {
    const normal = normaliseIdentifier(kind, typed, { defaultCountry: settings.defaultCountry });
    if ('value' in normal && typeof normal.value === 'string') all.add(normal.value);
  }
  return [...all];
}

/** `passrelay customer export|erase|receipt|merge` */
export function customerCommands(context: () => CliContext): Command {
  const customer = new Command('customer').description(
    "One person's data: hand it out, erase it, or merge two records of one person",
  );

  async function find(tenantId: string, typed: string) {
    const sql = context().database().tenant(tenantId);
    const tenant = await getTenant(sql);
    if (!tenant) throw new Error(`There is no tenant "${tenantId}".`);
    const [customerId, ...more] = await findCustomerIds(sql, spellings(typed.trim(), tenant));
    if (customerId === undefined) throw new Error('Nothing is held under this identifier.');
    if (more.length > 0) {
      throw new Error(
        `The identifier leads to ${more.length + 1} customers: name one by its id: ${[customerId, ...more].join(', ')}`,
      );
    }
    return { sql, customerId };
  }

  customer.addCommand(mergeCustomersCommand(context, find));
  customer
    .command('export <tenantId> <identifier>')
    .description('all data of a person, as JSON; by e-mail, phone, customer id or serial number')
    .action(async (tenantId: string, identifier: string) => {
      const { sql, customerId } = await find(tenantId, identifier);
      context().out(JSON.stringify(await exportCustomer(sql, customerId), null, 2));
    });
  customer
    .command('erase <tenantId> <identifier>')
    .description('void the passes on every phone, then remove all data; cannot be undone')
    .requiredOption('--yes', 'really')
    .action(async (tenantId: string, identifier: string) => {
      const { sql, customerId } = await find(tenantId, identifier);
      const { operationId, duplicate } = await insertOrFindOperation(sql, {
        kind: 'erase-customer',
        origin: 'operator',
        idempotencyKey: `erase/${customerId}`,
        bodyHash: Buffer.alloc(32),
        input: { customerId },
      });
      context().out(
        `${duplicate ? 'The erasure was asked for before' : 'The erasure is accepted'}: ${operationId}\n` +
          `See how far it is with: passrelay customer receipt ${tenantId} ${operationId}`,
      );
    });
  customer
    .command('receipt <tenantId> <operationId>')
    .description('the progress of an erasure and what it removed; contains no personal data')
    .action(async (tenantId: string, operationId: string) => {
      const sql = context().database().tenant(tenantId);
      const isId = isUuid(operationId);
      const row = isId ? await findOperation(sql, operationId) : undefined;
      if (row?.kind !== 'erase-customer') throw new Error(`Tenant "${tenantId}" has no erasure ${operationId}.`);
      const steps = await listSteps(sql, operationId);
      const receipt = {
        operation: operationId,
        status: row.status,
        outcome: row.outcome,
        acceptedAt: row.accepted_at,
        endedAt: row.ended_at,
        removed: row.response ?? {},
        steps: Object.fromEntries(steps.map(({ step, state }) => [step, state])),
      };
      context().out(JSON.stringify(receipt, null, 2));
    });
  return customer;
}
