import type { Step, OperationKind, OperationStatus, Outcome } from '../../passes/operation.js';
import type { Sql } from '../connect.js';

export interface NewOperation {
  operationId: string;
  tenantId: string;
  kind: OperationKind;
  origin: 'klaviyo' | 'api' | 'device' | 'google' | 'merchant' | 'operator' | 'system';
  idempotencyKey: string | null;
  /** SHA-256 of the request's meaning; another body under the same key is refused. */
  bodyHash: Buffer | null;
  input: object;
  repairs?: object[];
  flowId?: string | null;
  test?: boolean;
}

export interface OperationRow {
  operation_id: string;
  acceptance_sequence: string;
  tenant_id: string;
  kind: OperationKind;
  origin: NewOperation['origin'];
  idempotency_key: string | null;
  body_hash: Buffer | null;
  input: Record<string, unknown>;
  repairs: object[];
  response: Record<string, unknown> | null;
  flow_id: string | null;
  test: boolean;
  status: OperationStatus;
  outcome: Outcome | null;
  reason: string | null;
  pass_id: string | null;
  customer_id: string | null;
  matched: string[] | null;
  changed_fields: string[] | null;
  revision: number | null;
  run: number;
  cancel_requested: boolean;
  /** When its contents were emptied, by the retention or an erasure: nothing of it can be done again. */
  forgotten_at: Date | null;
  accepted_at: Date;
  dispatched_at: Date | null;
  started_at: Date | null;
  ended_at: Date | null;
}

/** The row that an insert made, or that an earlier delivery with the same key had made. */
export interface Acceptance {
  operationId: string;
  acceptanceSequence: string;
  duplicate: boolean;
  /** The same idempotency key came with another body: 422. */
  conflict: boolean;
}

/** Inserts the operation, or finds its twin by (tenant, idempotency key). One statement, one commit, one fsync. */
export async function insertOrFindOperation(sql: Sql, operation: NewOperation): Promise<Acceptance> {
  const values = [
    operation.operationId,
    operation.tenantId,
    operation.kind,
    operation.origin,
    operation.idempotencyKey,
    operation.bodyHash,
    JSON.stringify(operation.input),
    JSON.stringify(operation.repairs ?? []),
    operation.flowId ?? null,
    operation.test ?? false,
  ];
  const [made] = await sql.query<{ acceptance_sequence: string }>(
    `insert into operations (operation_id, tenant_id, kind, origin, idempotency_key, body_hash, input, repairs, flow_id, test)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (tenant_id, idempotency_key) where idempotency_key is not null do nothing
     returning acceptance_sequence`,
    values,
  );
  if (made) {
    return {
      operationId: operation.operationId,
      acceptanceSequence: made.acceptance_sequence,
      duplicate: false,
      conflict: false,
    };
  }
  const [twin] = await sql.query<Pick<OperationRow, 'operation_id' | 'acceptance_sequence' | 'body_hash' | 'kind'>>(
    `select operation_id, acceptance_sequence, body_hash, kind from operations where tenant_id = $1 and idempotency_key = $2`,
    [operation.tenantId, operation.idempotencyKey],
  );
  if (!twin) throw new Error('an operation with this idempotency key vanished while it was looked up');
  const same = twin.kind === operation.kind && (twin.body_hash?.equals(operation.bodyHash ?? Buffer.alloc(0)) ?? false);
  return {
    operationId: twin.operation_id,
    acceptanceSequence: twin.acceptance_sequence,
    duplicate: true,
    conflict: !same,
  };
}

/** One operation of one tenant, or undefined. */
export async function findOperation(
  sql: Sql,
  tenantId: string,
  operationId: string,
): Promise<OperationRow | undefined> {
  const [row] = await sql.query<OperationRow>(`select * from operations where tenant_id = $1 and operation_id = $2`, [
    tenantId,
    operationId,
  ]);
  return row;
}

export interface StepRow {
  step: Step;
  state: 'waiting' | 'running' | 'retrying' | 'succeeded' | 'failed' | 'skipped';
  attempts: number;
  started_at: Date;
  ended_at: Date | null;
  last_error: { code: string; message: string } | null;
  detail: Record<string, unknown>;
}

/** The steps of one operation in the order in which they began. */
export async function listSteps(sql: Sql, tenantId: string, operationId: string): Promise<StepRow[]> {
  return sql.query<StepRow>(
    `select step, state, attempts, started_at, ended_at, last_error, detail
       from operation_steps where tenant_id = $1 and operation_id = $2 order by started_at, ended_at nulls last`,
    [tenantId, operationId],
  );
}

export interface OperationFilter {
  passId?: string;
  customerId?: string;
  status?: string;
  kind?: string;
  from?: Date;
  to?: Date;
  /** Acceptance sequence of the last row of the page before. */
  before?: string;
  limit: number;
}

/** Newest first; `before` continues a page. */
export async function listOperations(sql: Sql, tenantId: string, filter: OperationFilter): Promise<OperationRow[]> {
  return sql.query<OperationRow>(
    `select * from operations
      where tenant_id = $1
        and ($2::uuid is null or pass_id = $2)
        and ($3::uuid is null or customer_id = $3)
        and ($4::text is null or status = $4)
        and ($5::text is null or kind = $5)
        and ($6::timestamptz is null or accepted_at >= $6)
        and ($7::timestamptz is null or accepted_at < $7)
        and ($8::bigint is null or acceptance_sequence < $8)
      order by acceptance_sequence desc limit $9`,
    [
      tenantId,
      filter.passId ?? null,
      filter.customerId ?? null,
      filter.status ?? null,
      filter.kind ?? null,
      filter.from ?? null,
      filter.to ?? null,
      filter.before ?? null,
      filter.limit,
    ],
  );
}
