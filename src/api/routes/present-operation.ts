import { WALLETS } from '../../passes/wallet.js';
import { z } from 'zod';
import type { DeviceResultRow } from '../../database/operations/device-results.js';
import type { ListedOperation } from '../../database/operations/list-operations.js';
import type { StepRow } from '../../database/operations/operations.js';
import { OPERATION_KINDS, OPERATION_STATUSES, OUTCOMES, STEPS, STEP_STATES } from '../../passes/operation.js';
import { workflowIdOf } from '../../workflows/workflow-ids.js';
import { statusUrl } from '../status-url.js';
import type { ApiDeps } from '../route.js';

const time = z.iso.datetime();

export const operationSummary = z.object({
  correlationId: z.uuid(),
  acceptanceSequence: z.string().describe('Place in the order of acceptance'),
  kind: z.enum(OPERATION_KINDS),
  status: z.enum(OPERATION_STATUSES),
  outcome: z.enum(OUTCOMES).nullable(),
  reason: z.string().nullable().describe('Why it ended so, for people'),
  origin: z.string(),
  flowId: z.string().nullable(),
  test: z.boolean(),
  acceptedAt: time,
  startedAt: time.nullable(),
  endedAt: time.nullable(),
  pass: z.object({ id: z.uuid(), serialNumber: z.string().nullable() }).nullable(),
  customerId: z.uuid().nullable(),
  matched: z.array(z.string()).describe('Kinds of identifiers that led to the pass'),
  changedFields: z.array(z.string()),
  revision: z.int().nullable(),
  run: z.int(),
  links: z.object({ self: z.url(), temporal: z.url().nullable() }),
});

export const operationView = operationSummary.extend({
  repairs: z
    .array(z.looseObject({ type: z.string() }))
    .describe('What was repaired in the body or ignored, with JSON pointers'),
  steps: z.array(
    z.object({
      step: z.enum(STEPS),
      state: z.enum(STEP_STATES),
      attempts: z.int(),
      startedAt: time,
      endedAt: time.nullable(),
      lastError: z.object({ code: z.string(), message: z.string() }).nullable(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
  devices: z.array(
    z.object({
      platform: z.enum(WALLETS),
      deviceId: z.uuid().nullable(),
      state: z.enum(['pending', 'scheduled', 'delivered', 'covered', 'gone', 'refused', 'failed']),
      attempts: z.int(),
      coveredBy: z.uuid().nullable().describe('Operation whose push notified this device as well'),
      reason: z.string().nullable(),
      updatedAt: time,
    }),
  ),
});

type Place = Pick<ApiDeps, 'publicUrl' | 'temporalUi'>;

function temporalLink(place: Place, row: ListedOperation): string | null {
  if (!place.temporalUi) return null;
  // A burst has held it back: its next run begins when it is due.
  if (row.status === 'running' && row.dispatched_at === null) return null;
  const { kind, operation_id: operationId, run, burst_id: burstId } = row;
  const id = workflowIdOf({ kind, operationId, run, burstId });
  const { url, namespace } = place.temporalUi;
  return `${url.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(id)}`;
}

/** One operation as a list shows it. */
export function presentSummary(
  place: Place,
  row: ListedOperation,
  serialNumbers: ReadonlyMap<string, string>,
): z.output<typeof operationSummary> {
  return {
    correlationId: row.operation_id,
    acceptanceSequence: row.acceptance_sequence,
    kind: row.kind,
    status: row.status,
    outcome: row.outcome,
    reason: row.reason,
    origin: row.origin,
    flowId: row.flow_id,
    test: row.test,
    acceptedAt: row.accepted_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    pass: row.pass_id && { id: row.pass_id, serialNumber: serialNumbers.get(row.pass_id) ?? null },
    customerId: row.customer_id,
    matched: row.matched ?? [],
    changedFields: row.changed_fields ?? [],
    revision: row.revision,
    run: row.run,
    links: {
      self: statusUrl(place, row.tenant_id, row.operation_id),
      temporal: temporalLink(place, row),
    },
  } as z.output<typeof operationSummary>;
}

/** One operation with its steps and the result for each device. */
export function presentOperation(
  place: Place,
  row: ListedOperation,
  serialNumbers: ReadonlyMap<string, string>,
  steps: readonly StepRow[],
  devices: readonly DeviceResultRow[],
): z.output<typeof operationView> {
  return {
    ...presentSummary(place, row, serialNumbers),
    repairs: row.repairs as z.output<typeof operationView>['repairs'],
    steps: steps.map((step) => ({
      step: step.step,
      state: step.state,
      attempts: step.attempts,
      startedAt: step.started_at.toISOString(),
      endedAt: step.ended_at?.toISOString() ?? null,
      lastError: step.last_error && { code: step.last_error.code, message: step.last_error.message },
      detail: step.detail as z.output<typeof operationView>['steps'][number]['detail'],
    })),
    devices: devices.map((device) => ({
      platform: device.platform,
      deviceId: device.device_id,
      state: device.state,
      attempts: device.attempts,
      coveredBy: device.covered_by,
      reason: device.reason,
      updatedAt: device.updated_at.toISOString(),
    })),
  };
}
