import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Sql } from '../database/connect.js';
import { countMigration, findMigration, pauseMigration, type MigrationRow } from '../database/bulk/migrate-passes.js';
import { insertOrFindOperation } from '../database/operations/operations.js';
import { findPassType } from '../database/tenants/pass-types.js';
import { getTenant } from '../database/tenants/tenants.js';
import type { MigratePassesInput } from '../passes/operation-input.js';
import { FINAL_STATUSES } from '../passes/operation.js';
import type { CliContext } from './context.js';

const FOLLOW_MS = 1_000;

interface MigrateOptions {
  perMinute: string;
  pause?: boolean;
  resume?: boolean;
  progress?: boolean;
  follow?: boolean;
}

const hasEnded = (row: MigrationRow): boolean => FINAL_STATUSES.includes(row.status);

async function describe(sql: Sql, tenantId: string, passTypeId: string, row: MigrationRow): Promise<string> {
  const { remaining, unfinished } = await countMigration(sql, { tenantId, operationId: row.operationId }, passTypeId);
  const word = row.paused && !hasEnded(row) ? 'paused' : row.status;
  const reason = row.status === 'failed' && row.reason ? ` (${row.reason})` : '';
  return `${word}${reason}: ${row.accepted} passes taken on, ${unfinished} of them under way; ${remaining} are on an older version; ${row.perMinute} a minute`;
}

/** `passrelay tenant migrate`: accepts the operation, holds it and tells of it; a worker carries it out. */
export function migrateCommand(tenant: Command, context: () => CliContext): void {
  tenant
    .command('migrate <tenantId> <passType>')
    .description('move all passes of a type to its current version, and tell their phones')
    .option('--per-minute <passes>', 'pace; phones fetch each change', '600')
    .option('--pause', 'hold the migration under way')
    .option('--resume', 'go on with a paused one')
    .option('--progress', 'tell how far the newest one is')
    .option('--follow', 'tell how far it is until it ends or pauses')
    .action(async (tenantId: string, passType: string, options: MigrateOptions) => {
      const { database, out } = context();
      const sql = database().tenant(tenantId);
      const perMinute = Number(options.perMinute);
      if (!Number.isInteger(perMinute) || perMinute < 1 || perMinute > 60_000) {
        throw new Error('--per-minute must be a whole number from 1 to 60000.');
      }
      if (!(await getTenant(sql))) {
        throw new Error(`There is no tenant "${tenantId}": see "passrelay tenant list".`);
      }
      const type = await findPassType(sql, passType);
      if (!type) throw new Error(`There is no pass type "${passType}": see "passrelay tenant show ${tenantId}".`);
      const { passTypeId } = type;
      const { name } = type.design;
      const newest = await findMigration(sql, passTypeId);
      const running = newest && !hasEnded(newest) ? newest : undefined;

      if (options.pause || options.resume) {
        if (!running) throw new Error(`No migration of ${name} is under way.`);
        await pauseMigration(sql, { tenantId, operationId: running.operationId }, options.pause === true);
        if (options.pause)
          out(`The migration of ${name} starts no more passes; those already started finish; "--resume" goes on.`);
        else out(`The migration of ${name} goes on within seconds.`);
      } else if (options.progress || (options.follow && running)) {
        if (!newest) throw new Error(`No migration of ${name} was ever asked for.`);
      } else if (running) {
        out(`A migration of ${name} is under way; it ends at the version that is current then.`);
        out(`Status: GET /api/${tenantId}/operations/${running.operationId}`);
      } else {
        const input: MigratePassesInput = { passTypeId, perMinute };
        const { operationId } = await insertOrFindOperation(sql, {
          kind: 'migrate-passes',
          origin: 'operator',
          input,
        });
        out(`Accepted: passes of ${name} move to version ${type.version}, ${perMinute} a minute.`);
        out(`Status: GET /api/${tenantId}/operations/${operationId}`);
        out(`Here:   passrelay tenant migrate ${tenantId} ${name} --progress (or --follow, --pause, --resume)`);
      }

      let last = '';
      while (options.progress || options.follow) {
        const row = (await findMigration(sql, passTypeId))!;
        const line = await describe(sql, tenantId, passTypeId, row);
        if (line !== last) out(line);
        last = line;
        if (!options.follow || hasEnded(row) || row.paused) return;
        await pause(FOLLOW_MS);
      }
    });
}
