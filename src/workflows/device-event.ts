import type { OperationInput, OperationResult } from './inputs.js';
import { asOperation } from './operation-scope.js';
import { runStep } from './run-step.js';
import { namePass } from './name-pass.js';
import { writeBack } from './write-back.js';

/** A pass was installed or left its last device: the merchant's event, then Klaviyo. */
export async function deviceEvent(input: OperationInput): Promise<OperationResult> {
  return asOperation(input, async () => {
    const recorded = await runStep('record-device-event', input, 'database');
    const { passId, event, ended } = recorded;
    namePass(passId);
    if (!recorded.writeBack && ended !== null) return { outcome: ended, passId, recorded: true };
    if (recorded.writeBack) await writeBack({ ...input, passId, event });
    return { outcome: 'recorded', passId };
  });
}
