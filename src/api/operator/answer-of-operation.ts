import type { ListedOperation } from '../../database/operations/list-operations.js';
import type { StepRow } from '../../database/operations/operations.js';
import { FINAL_STATUSES } from '../../passes/operation.js';
import type { Evidence } from './operator-evidence.js';
import { DOES } from './plain-words.js';

/** What a request under way does now, or what it waits for. */
function underWay(row: ListedOperation, steps: Evidence['steps'], readable: Evidence['readable']): string {
  const last = (state: StepRow['state']): StepRow | undefined => steps.findLast((step) => step.state === state);
  const [retrying, waiting, running] = [last('retrying'), last('waiting'), last('running')];
  const failure = retrying?.last_error;
  if (retrying && failure) {
    return `It waits and is tried again by itself: ${readable(failure.message)} (step: ${DOES[retrying.step]})`;
  }
  const { waitingFor, until } = waiting?.detail ?? {};
  if (typeof waitingFor === 'string') {
    const day = typeof until === 'string' ? ` until ${until.slice(0, 16).replace('T', ' ')} UTC` : '';
    return `It waits${day} for this: ${readable(waitingFor)}`;
  }
  if (running) return `It is under way: ${DOES[running.step]}.`;
  if (steps.length > 0) return 'It is under way: one step is done, and the next begins.';
  return row.status === 'accepted'
    ? 'It was accepted and waits for its turn: a worker takes it within seconds, after older requests about the same pass.'
    : 'It is under way.';
}

/** Why the phone did, or did not, change: one sentence. */
export function answerOf({ operation, steps, results, devices, readable }: Evidence): string | null {
  const { status, outcome, revision } = operation;
  const reason = operation.reason === null ? null : readable(operation.reason);
  if (status === 'failed') return `It failed and needs somebody: ${reason ?? outcome ?? 'see below'}`;
  if (!FINAL_STATUSES.includes(status)) return underWay(operation, steps, readable);
  if (revision === null) return reason ?? `Nothing was changed: ${outcome ?? status}.`;
  if (devices.length === 0) return `Revision ${revision} is stored, but the pass is on no phone.`;
  const gone = devices.filter(({ gone_at }) => gone_at !== null).length;
  const behind = devices.filter((d) => d.gone_at === null && (d.fetched_revision ?? 0) < revision).length;
  if (behind > 0) {
    const told = results.filter(({ state }) => state === 'delivered' || state === 'covered').length;
    return `${behind} of ${devices.length} devices have not fetched revision ${revision} yet; ${told} pushes were taken. A phone that is off, offline or has automatic updates switched off fetches later.`;
  }
  return gone > 0
    ? `${gone} of ${devices.length} devices are unreachable: the pass was removed or the phone reset. The others have revision ${revision}.`
    : `Every device has revision ${revision}.`;
}
