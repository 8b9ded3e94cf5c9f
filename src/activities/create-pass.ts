import { listOpenConsents } from '../database/customers/hand-consents.js';
import { findOperation } from '../database/operations/operations.js';
import { endRun, recordLastStep, recordStep } from '../database/operations/steps.js';
import { PermanentError } from '../common/errors.js';
import { FINAL_STATUSES, type RecordedOutcome } from '../passes/operation.js';
import { writtenWalletsOf, type WrittenWallet } from '../passes/wallet.js';
import type { ActivityDeps, StepInput } from './deps.js';
import { CANCELLED } from './find-pass.js';

export type CreatedPass = {
  passId: string;
  wallets: WrittenWallet[];
  writeBack: boolean;
  /** The person agreed to something that Klaviyo is to know. */
  consents: boolean;
} & ({ recorded: false } | /** Nothing follows. */ { recorded: true; outcome: RecordedOutcome });

/** The pass came into being with the operation's acceptance; this says what else is to be done for it. */
export function createPassActivity(deps: ActivityDeps) {
  return async function createPass(ref: StepInput): Promise<CreatedPass> {
    const sql = deps.database.tenant(ref.tenantId);
    const [operation, settings] = await Promise.all([
      findOperation(sql, ref.operationId),
      deps.tenantSettings(ref.tenantId),
    ]);
    if (!operation?.pass_id) {
      throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
    }
    const nothing = { passId: operation.pass_id, wallets: [], writeBack: false, consents: false };
    if (FINAL_STATUSES.includes(operation.status)) {
      return { ...nothing, recorded: true, outcome: await endRun(sql, { ...ref, ...CANCELLED }) };
    }
    const wallets = writtenWalletsOf(settings);
    const { writeBack } = settings.klaviyo;
    const { customer_id: customerId } = operation;
    const consents = customerId !== null && (await listOpenConsents(sql, customerId, settings.consentTexts)).length > 0;
    const step = { ...ref, step: 'create-pass', state: 'succeeded', detail: { revision: 1 } } as const;
    const created = { passId: operation.pass_id, wallets, writeBack, consents };
    if (wallets.length > 0 || writeBack || consents) {
      await recordStep(sql, step);
      return { ...created, recorded: false };
    }
    const ending = { status: 'succeeded', outcome: 'created', reason: null } as const;
    return { ...created, recorded: true, outcome: await recordLastStep(sql, step, ending) };
  };
}
