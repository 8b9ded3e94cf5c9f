import type { Command } from 'commander';
import type { TenantSql } from '../database/connect.js';
import {
  closeTenant,
  COUNTED_MOST,
  countRowsOf,
  countUnderWay,
  deleteRowsOf,
  listTenantTables,
} from '../database/bulk/delete-tenant.js';
import { getTenant } from '../database/tenants/tenants.js';
import type { CliContext } from './context.js';

const figure = (count: number): string => (count >= COUNTED_MOST ? `${COUNTED_MOST} or more` : String(count));

const KEPT = [
  'What stays elsewhere:',
  '- Phones keep the passes, voided or as they were. They get no more changes: requests of phones are answered 401 or 404.',
  '- Google keeps its objects and classes under your issuer account.',
  '- Klaviyo keeps what was written to profiles, records and events.',
  '- Temporal keeps ended runs for its retention period; they hold ids alone. Runs under way end by themselves.',
  '- Backups keep everything until they are removed.',
  '- The tenant folder and the variables with its keys are yours to remove; "tenant apply" would make the tenant again.',
];

/** What stands against it, each with its cure. */
async function obstacles(db: TenantSql): Promise<string[]> {
  const { tenantId } = db;
  const { activePasses, unfinished } = await countUnderWay(db);
  return [
    ...(activePasses > 0
      ? [
          `${figure(activePasses)} passes are active, and phones would show them for ever. To void them: ` +
            `passrelay campaign create ${tenantId} --void, then start it and wait until phones have been told.`,
        ]
      : []),
    ...(unfinished > 0
      ? [`${figure(unfinished)} requests are under way and would end without a result. Wait for them, or cancel them.`]
      : []),
  ];
}

/** `passrelay tenant delete`: everything that the database holds of a brand that leaves. */
export function deleteTenantCommand(tenant: Command, context: () => CliContext): void {
  tenant
    .command('delete <tenantId>')
    .description('remove a tenant with everything that is stored of it; without --confirm it only says what would go')
    .option('--confirm <tenantId>', 'really: the same id again. Cannot be undone')
    .option('--abandon', 'although passes are active or requests are under way', false)
    .action(async (tenantId: string, { confirm, abandon }: { confirm?: string; abandon: boolean }) => {
      const { database, out } = context();
      const db = database().tenant(tenantId);
      const found = await getTenant(db);
      if (!found) throw new Error(`There is no tenant "${tenantId}": see "passrelay tenant list".`);
      if (confirm !== undefined && confirm !== tenantId) {
        throw new Error(`--confirm says "${confirm}", but the tenant is "${tenantId}": nothing was changed.`);
      }
      const against = await obstacles(db);
      const tables = await listTenantTables(database().system);
      if (confirm === undefined) {
        out(`"${tenantId}" (${found.name}, ${found.environment}). Nothing was changed. What would be removed:`);
        for (const table of tables) {
          const count = await countRowsOf(db, table);
          if (count > 0) out(`  ${table}: ${figure(count)}`);
        }
        for (const line of against) out(`Refused as it is: ${line}`);
        for (const line of KEPT) out(line);
        out(
          `To do it: passrelay tenant delete ${tenantId} --confirm ${tenantId}${against.length > 0 ? ' --abandon' : ''}`,
        );
        return;
      }
      if (against.length > 0 && !abandon) {
        throw new Error(`${against.join('\n')}\nNothing was changed. --abandon deletes the tenant all the same.`);
      }
      await closeTenant(db);
      out('Its keys are revoked and its endpoints are disabled.');
      for (const table of tables) {
        const removed = await deleteRowsOf(db, table);
        if (removed > 0) out(`  ${table}: ${removed} removed`);
      }
      out(`"${tenantId}" is deleted.`);
      for (const line of KEPT) out(line);
    });
}
