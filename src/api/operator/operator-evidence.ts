import type { Database } from '../../database/connect.js';
import { listDeviceLog, type DeviceLogRow } from '../../database/devices/device-log.js';
import type { DeviceResultRow } from '../../database/operations/device-results.js';
import type { ListedOperation } from '../../database/operations/list-operations.js';
import type { StepRow } from '../../database/operations/operations.js';
import {
  listOperatorDeliveries,
  listOperatorDevices,
  listOperatorResults,
  listOperatorSteps,
  type OperatorDelivery,
  type OperatorDevice,
} from '../../database/operations/operator.js';

/** All that is known of one operation and of the devices that have its pass. */
export interface Evidence {
  operation: ListedOperation;
  steps: readonly StepRow[];
  results: readonly DeviceResultRow[];
  devices: readonly OperatorDevice[];
  log: readonly DeviceLogRow[];
  deliveries: readonly OperatorDelivery[];
  /** When the next operation about the same pass was accepted: what devices did from then on is told there. */
  until: Date | null;
  /** Makes a free text fit for the reader: without Customer.Read it names nobody. */
  readable: (text: string) => string;
}

const LOG_LINES = 50;

/** The evidence of several operations, newest first, in a fixed number of queries. */
export async function loadEvidence(
  database: Database,
  tenantId: string,
  operations: readonly ListedOperation[],
  readable: Evidence['readable'],
): Promise<Evidence[]> {
  const sql = database.tenant(tenantId);
  const ids = operations.map(({ operation_id }) => operation_id);
  const passIds = [...new Set(operations.flatMap(({ pass_id }) => (pass_id === null ? [] : [pass_id])))];
  const [steps, results, deliveries, devices, logs] = await Promise.all([
    listOperatorSteps(sql, ids),
    listOperatorResults(sql, ids),
    listOperatorDeliveries(sql, ids),
    listOperatorDevices(sql, passIds),
    Promise.all(passIds.map(async (id) => [id, await listDeviceLog(database, tenantId, id, LOG_LINES)] as const)),
  ]);
  const logOf = new Map(logs);
  const of = <T extends { operation_id: string }>(rows: readonly T[], { operation_id }: ListedOperation) =>
    rows.filter((row) => row.operation_id === operation_id);
  return operations.map((operation, index) => ({
    operation,
    steps: of(steps, operation),
    results: of(results, operation),
    deliveries: of(deliveries, operation),
    devices: devices.filter(({ pass_id }) => pass_id === operation.pass_id),
    log: logOf.get(operation.pass_id ?? '') ?? [],
    until:
      operations
        .slice(0, index)
        .reverse()
        .find(({ pass_id }) => pass_id !== null && pass_id === operation.pass_id)?.accepted_at ?? null,
    readable,
  }));
}
