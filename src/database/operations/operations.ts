import { randomUUID } from 'node:crypto';
import type { OperationInputs } from '../../passes/operation-input.js';
import type { Step, OperationKind, OperationStatus, Outcome } from '../../passes/operation.js';
import { currentTraceContext } from '../../tracing/spans.js';
import type { Sql, SystemSql } from '../connect.js';
import { sql } from '../sql.js';

/** Who asked for an operation. */
export type Origin = 'klaviyo' | 'api' | 'device' | 'google' | 'merchant' | 'operator' | 'system';

interface NewOperationOf<Kind extends OperationKind> {
  kind: Kind;
  input: OperationInputs[Kind];
  origin: Origin;
  /** Default: a new one. */
  operationId?: string;
  /** One per tenant and event; default: none, so that each call makes an operation. */
  idempotencyKey?: string | null;
  /** SHA-256 of the request's meaning; another body under the same key is refused. */
  bodyHash?: Buffer | null;
  repairs?: object[];
  flowId?: string | null;
  test?: boolean;
  /** Where they are known at acceptance. */
  passId?: string;
  customerId?: string;
}

/** A request before its acceptance: each kind with what it asks for. */
export type NewOperation<Kind extends OperationKind = OperationKind> = { [K in Kind]: NewOperationOf<K> }[Kind];

export interface OperationRow {
  operation_id: string;
  acceptance_sequence: string;
  tenant_id: string;
  kind: OperationKind;
  origin: Origin;
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
  /** The burst that it is in; null once it goes on alone. */
  burst_id: string | null;
  cancel_requested: boolean;
  /** When its contents were emptied, by the retention or an erasure: nothing of it can be done again. */
  forgotten_at: Date | null;
  accepted_at: Date;
  dispatched_at: Date | null;
  started_at: Date | null;
  ended_at: Date | null;
  /** The span that accepted it, as a `traceparent`; null where nothing was traced. */
  trace_context: string | null;
}

/** The row that an insert made, or that an earlier delivery with the same key had made. */
export interface Acceptance {
  operationId: string;
  acceptanceSequence: string;
  duplicate: boolean;
  /** The same idempotency key came with another body: 422. */
  conflict: boolean;
}

/** Rows of new operations for the statement below; the values are one JSON text, so that their number is no part of it. */
const RECORD = sql`
  operation_id uuid, kind text, origin text, idempotency_key text, body_hash text, input jsonb, repairs jsonb, flow_id text,
  test boolean, pass_id uuid, customer_id uuid, trace_context text`;

const COLUMNS = sql`
  operation_id, kind, origin, idempotency_key, body_hash, input, repairs, flow_id, test, pass_id, customer_id, trace_context`;
const VALUES = sql`
  operation_id, kind, origin, idempotency_key, decode(body_hash, 'hex'), input, repairs, flow_id, test, pass_id, customer_id,
  trace_context`;

/** An operation as one line of JSON for `insertRecords`. The trace is the caller's: call it where the request is. */
export function recordOf(operation: NewOperation): { operationId: string; json: string } {
  const { operationId = randomUUID() } = operation;
  const json = JSON.stringify({
    operation_id: operationId,
    kind: operation.kind,
    origin: operation.origin,
    idempotency_key: operation.idempotencyKey ?? null,
    body_hash: operation.bodyHash?.toString('hex') ?? null,
    input: operation.input,
    repairs: operation.repairs ?? [],
    flow_id: operation.flowId ?? null,
    test: operation.test ?? false,
    pass_id: operation.passId ?? null,
    customer_id: operation.customerId ?? null,
    trace_context: currentTraceContext(),
  });
  return { operationId, json };
}

/**
 * Inserts operations in their order, one statement and one commit for all: sequences by operation id. An operation whose
 * idempotency key is taken, by a row or by an operation before it, is not among them.
 */
export async function insertRecords(db: Sql, records: readonly string[]): Promise<Map<string, string>> {
  const made = await db.query<{ operation_id: string; acceptance_sequence: string }>(sql`
    insert into operations (tenant_id, ${COLUMNS})
    select ${db.tenantId}, ${VALUES}
      from jsonb_to_recordset(${`[${records.join(',')}]`}::jsonb) as given (${RECORD})
    on conflict (tenant_id, idempotency_key) where idempotency_key is not null do nothing
    returning operation_id, acceptance_sequence`);
  return new Map(made.map((row) => [row.operation_id, row.acceptance_sequence]));
}

/** As `insertRecords`, for operations of any tenants that something of the system asks for. */
export async function insertForTenants(
  system: SystemSql,
  asked: readonly { tenantId: string; operation: NewOperation }[],
): Promise<void> {
  const records = asked.map(({ operation }) => recordOf(operation).json);
  await system.query(sql`
    insert into operations (tenant_id, ${COLUMNS})
    select tenant_id, ${VALUES}
      from unnest(${asked.map(({ tenantId }) => tenantId)}::text[], ${records}::jsonb[])
             with ordinality as a (tenant_id, record, place)
     cross join lateral jsonb_to_record(record) as given (${RECORD})
     order by place
    on conflict (tenant_id, idempotency_key) where idempotency_key is not null do nothing`);
}

/** The operation that has taken the idempotency key. Throws where none has. */
export async function findTwin(db: Sql, operation: NewOperation): Promise<Acceptance> {
  const { idempotencyKey = null, bodyHash = null } = operation;
  const [twin] = await db.query<Pick<OperationRow, 'operation_id' | 'acceptance_sequence' | 'body_hash' | 'kind'>>(sql`
    select operation_id, acceptance_sequence, body_hash, kind
      from operations
     where tenant_id = ${db.tenantId}
       and idempotency_key = ${idempotencyKey}`);
  if (!twin) throw new Error('an operation with this idempotency key vanished while it was looked up');
  const same = twin.kind === operation.kind && (twin.body_hash?.equals(bodyHash ?? Buffer.alloc(0)) ?? false);
  return {
    operationId: twin.operation_id,
    acceptanceSequence: twin.acceptance_sequence,
    duplicate: true,
    conflict: !same,
  };
}

/**
 * The one way in for every operation of the tenant: inserts it, or finds its twin by (tenant, idempotency
 * key). One statement, one commit, one fsync. Requests that come together share them: `createAcceptance`.
 */
export async function insertOrFindOperation(db: Sql, operation: NewOperation): Promise<Acceptance> {
  const { operationId, json } = recordOf(operation);
  const acceptanceSequence = (await insertRecords(db, [json])).get(operationId);
  if (acceptanceSequence === undefined) return findTwin(db, operation);
  return { operationId, acceptanceSequence, duplicate: false, conflict: false };
}

/** One operation of one tenant, or undefined. */
export async function findOperation(db: Sql, operationId: string): Promise<OperationRow | undefined> {
  const [row] = await db.query<OperationRow>(sql`
    select *
      from operations
     where tenant_id = ${db.tenantId}
       and operation_id = ${operationId}`);
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
export async function listSteps(db: Sql, operationId: string): Promise<StepRow[]> {
  return db.query<StepRow>(sql`
    select step, state, attempts, started_at, ended_at, last_error, detail
      from operation_steps
     where tenant_id = ${db.tenantId}
       and operation_id = ${operationId}
     order by started_at, ended_at nulls last`);
}
