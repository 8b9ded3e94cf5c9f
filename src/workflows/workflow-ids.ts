import { OPERATION_KINDS, type OperationKind } from '../passes/operation.js';

export interface WorkflowIdParts {
  kind: OperationKind;
  operationId: string;
  /** Counts from 1; a replay by an operator is the next run. */
  run: number;
}

/** `push-update/<operation id>`, from the second run on with `/<run>`: a wire format, seen in Temporal's UI and searches. */
export function workflowId({ kind, operationId, run }: WorkflowIdParts): string {
  return run === 1 ? `${kind}/${operationId}` : `${kind}/${operationId}/${run}`;
}

/** `push-update-burst/<burst id>`: one run for many operations. */
export const burstWorkflowId = (burstId: string): string => `push-update-burst/${burstId}`;

/** The run in which an operation is now: its own, or that of its burst. */
export const workflowIdOf = (operation: WorkflowIdParts & { burstId: string | null }): string =>
  operation.burstId === null ? workflowId(operation) : burstWorkflowId(operation.burstId);

/** `deliver-webhook/<delivery id>/<run>`: a redelivery is a run of its own. */
export const deliveryWorkflowId = (delivery: { deliveryId: string; run: number }): string =>
  `deliver-webhook/${delivery.deliveryId}/${delivery.run}`;

const FORMAT = /^([a-z-]+)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\/([1-9]\d{0,8}))?$/;

/** The inverse of `workflowId`; null for ids that it never makes. */
export function parseWorkflowId(id: string): WorkflowIdParts | null {
  const match = FORMAT.exec(id);
  if (!match) return null;
  const kind = OPERATION_KINDS.find((known) => known === match[1]);
  if (kind === undefined || match[3] === '1') return null;
  return { kind, operationId: match[2]!, run: match[3] === undefined ? 1 : Number(match[3]) };
}
