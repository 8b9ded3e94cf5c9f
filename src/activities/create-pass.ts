import { listOpenConsents } from '../database/customers/hand-consents.js';
import { findOperation } from '../database/operations/operations.js';
import { recordLastStep, recordStep } from '../database/operations/steps.js';
import { PermanentError } from '../common/errors.js';
import type { ActivityDeps, StepInput } from './deps.js';

export interface CreatedPass {
  passId: string;
  google: boolean;
  writeBack: boolean;
  /** The person agreed to something that Klaviyo is to know. */
  consents: boolean;
  /** Nothing follows: the operation has ended. */
  recorded: boolean;
}

/** The pass came into being with the operation's acceptance; this says what else is to be done for it. */
export function createPassActivity(deps: ActivityDeps) {
  return async function createPass(ref: StepInput): Promise<CreatedPass> {
    const sql = deps.database.tenant(ref.tenantId);
    const [operation, settings] = await Promise.all([
      findOperation(sql, ref.tenantId, ref.operationId),
      deps.tenantSettings(ref.tenantId),
    ]);
    if (!operation?.pass_id) {
      throw new PermanentError('pass-vanished', 'The pass of this operation no longer exists.');
    }
    const google = settings.google.issuerId !== null;
    const { writeBack } = settings.klaviyo;
    const { customer_id: customerId } = operation;
    const consents =
      customerId !== null && (await listOpenConsents(sql, ref.tenantId, customerId, settings.consentTexts)).length > 0;
    const step = { ...ref, step: 'create-pass', state: 'succeeded', detail: { revision: 1 } } as const;
    const recorded = !google && !writeBack && !consents;
    if (recorded) await recordLastStep(sql, step, { status: 'succeeded', outcome: 'created', reason: null });
    else await recordStep(sql, step);
    return { passId: operation.pass_id, google, writeBack, consents, recorded };
  };
}
