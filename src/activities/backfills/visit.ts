import type { RunRef } from '../../database/operations/fragments.js';
import type { TenantSql } from '../../database/connect.js';
import type { WriteBackPass } from '../../database/klaviyo/write-back.js';
import { PermanentError } from '../../common/errors.js';
import type { BackfillProgress } from '../../passes/operation-input.js';
import type { TenantSettings } from '../../passes/tenant-settings.js';
import type { ActivityDeps, KlaviyoAccount } from '../deps.js';
import type { KlaviyoCall } from '../klaviyo-calls.js';
import type { Subject } from '../write-back-step.js';
import { writtenPass, writtenRecipient } from '../write-back-subject.js';

/** What one call of the step has at hand. */
export interface BackfillVisit {
  deps: ActivityDeps;
  sql: TenantSql;
  ref: RunRef;
  account: KlaviyoAccount;
  call: KlaviyoCall;
  settings: TenantSettings['klaviyo'];
  progress: BackfillProgress;
  /** The slice has lasted long enough, or the process is to stop. */
  isOver(): boolean;
}

/** A job costs a request, a look at least and a second: so few are sooner written one by one. */
export const FEW = 20;

/** Between two looks at a job: as long as it has lasted, within these. */
export const LOOK_MS = { least: 1_000, most: 32_000 };

export const isScopeMissing = (error: unknown): boolean =>
  error instanceof PermanentError && error.code === 'klaviyo-scope-missing';

/** The passes with what names their profiles; those that nothing names are left out. */
export async function subjectsOf(
  { deps, sql, settings }: Pick<BackfillVisit, 'deps' | 'sql' | 'settings'>,
  rows: readonly WriteBackPass[],
): Promise<Subject[]> {
  const customers = [...new Set(rows.map(({ customer_id: id }) => id))];
  const tokens = await deps.klaviyo.linkTokens(sql.tenantId, customers);
  return rows.flatMap((row) => {
    const recipient = writtenRecipient(row, settings);
    if (!recipient) return [];
    const pass = writtenPass(row, deps.klaviyo.publicUrl, tokens.get(row.customer_id) ?? null);
    return [{ row, pass, recipient }];
  });
}
