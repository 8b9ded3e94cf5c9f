import { Command } from 'commander';
import type { TenantSql } from '../database/connect.js';
import { planMerge } from '../database/customers/merge.js';
import { insertOrFindOperation } from '../database/operations/operations.js';
import { getTenant } from '../database/tenants/tenants.js';
import type { MergeCustomersInput } from '../passes/operation-input.js';
import type { CliContext } from './context.js';

type Find = (tenantId: string, typed: string) => Promise<{ sql: TenantSql; customerId: string }>;

/** `passrelay customer merge`: a preview, and with `--yes` the merge. */
export function mergeCustomersCommand(context: () => CliContext, find: Find): Command {
  return new Command('merge')
    .argument('<tenantId>')
    .argument('<identifier>', 'who stays')
    .argument('<other>', 'who is merged into them')
    .description('make one customer of two: identifiers, passes and history move; without --yes only a preview')
    .option('--yes', 'really: it cannot be undone')
    .action(async (tenantId: string, identifier: string, other: string, { yes }: { yes?: true }) => {
      const { sql, customerId: into } = await find(tenantId, identifier);
      const { customerId: from } = await find(tenantId, other);
      const { settings } = (await getTenant(sql))!;
      const input: MergeCustomersInput = { into, from };
      const plan = await planMerge(sql, {
        ...input,
        keeps: settings.mergeKeeps,
        allowSeveral: settings.allowSeveralPasses,
      });
      if (!plan) throw new Error('Both identifiers lead to one customer: there is nothing to merge.');
      const { out } = context();
      out(`${from} ${yes ? 'is being' : 'would be'} merged into ${into}`);
      out(`  identifiers that move: ${plan.identifiers.join(', ') || 'none'}`);
      out(`  passes that move: ${plan.passes.join(', ') || 'none'}`);
      out(
        `  live passes that are voided (settings.mergeKeeps: ${settings.mergeKeeps}): ${plan.voided.join(', ') || 'none'}`,
      );
      if (!yes) {
        out('Nothing was changed. Add --yes to merge them; it cannot be undone.');
        return;
      }
      const { operationId } = await insertOrFindOperation(sql, {
        kind: 'merge-customers',
        origin: 'operator',
        input,
      });
      out(`The merge is accepted: ${operationId}`);
    });
}
