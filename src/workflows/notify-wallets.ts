import { sleep } from '@temporalio/workflow';
import type { Outcome } from '../passes/operation.js';
import type { OperationInput, OperationResult } from './inputs.js';
import { runStep } from './run-step.js';

export interface NotifyWallets extends OperationInput {
  passId: string;
  google: boolean;
  writeBack: boolean;
  eventType: string | null;
  outcome: Outcome;
}

/** Tells every wallet of a changed pass, then Klaviyo. Quick operations end with the push itself. */
export async function notifyWallets(input: NotifyWallets): Promise<OperationResult> {
  const { tenantId, operationId, passId, outcome } = input;
  const target = { tenantId, operationId, passId };
  const nothingFollows = !input.google && !input.writeBack;
  const apple = { ...target, eventType: input.eventType, endsWith: nothingFollows ? outcome : null };
  for (;;) {
    const notified = await runStep('notify-devices', apple, 'wallet');
    if (notified.lookAgainAfterMs === null) break;
    await sleep(notified.lookAgainAfterMs);
  }
  return { outcome, passId, recorded: nothingFollows };
}
