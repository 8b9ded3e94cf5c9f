import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { insertOrFindOperation } from '../database/operations.js';
import { findPassType } from '../database/pass-types.js';
import { getTenant } from '../database/tenants.js';
import type { MigratePassesInput } from '../passes/operation-input.js';
import type { CliContext } from './context.js';

/** `passrelay tenant migrate`: accepts the operation; a worker carries it out, also long after this command ended. */
export function migrateCommand(tenant: Command, context: () => CliContext): void {
  tenant
    .command('migrate <tenantId> <passType>')
    .description('move all passes of a type to its current version, and tell their phones')
    .option('--per-minute <passes>', 'pace; phones fetch what they are told of', '600')
    .action(async (tenantId: string, passType: string, options: { perMinute: string }) => {
      const { database, out } = context();
      const sql = database().tenant(tenantId);
      const perMinute = Number(options.perMinute);
      if (!Number.isInteger(perMinute) || perMinute < 1 || perMinute > 60_000) {
        throw new Error('--per-minute must be a whole number from 1 to 60000.');
      }
      if (!(await getTenant(sql, tenantId))) {
        throw new Error(`There is no tenant "${tenantId}": see "passrelay tenant list".`);
      }
      const type = await findPassType(sql, tenantId, passType);
      if (!type) throw new Error(`There is no pass type "${passType}": see "passrelay tenant show ${tenantId}".`);
      const input: MigratePassesInput = { passTypeId: type.passTypeId, perMinute };
      const operationId = randomUUID();
      await insertOrFindOperation(sql, {
        operationId,
        tenantId,
        kind: 'migrate-passes',
        origin: 'operator',
        idempotencyKey: null,
        bodyHash: null,
        input,
      });
      out(`Accepted: passes of ${type.design.name} move to version ${type.version}, ${perMinute} a minute.`);
      out(`Status: GET /api/${tenantId}/operations/${operationId}`);
      out(`Pause:  temporal workflow signal --workflow-id migrate-passes/${operationId} --name pause (or resume)`);
    });
}
