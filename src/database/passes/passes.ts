import type { PassState } from '../../passes/pass.js';
import type { JsonValue } from '../../common/json.js';
import type { Sql } from '../connect.js';
import { recordStepSql, stepValues, type OperationRef, type StepRecord } from '../operations/steps.js';

export interface PassRow {
  pass_id: string;
  tenant_id: string;
  customer_id: string;
  serial_number: string;
  external_id: string | null;
  pass_type_id: string;
  pass_type_version: number;
  apple_pass_type_identifier: string | null;
  state: PassState;
  state_sequence: string;
  type_sequence: string;
  data: Record<string, JsonValue>;
  field_sequences: Record<string, string>;
  visuals: Record<string, string>;
  revision: number;
  update_tag: string;
  lock_version: number;
  live_key: string | null;
  test: boolean;
  created_at: Date;
  modified_at: Date;
  first_installed_at: Date | null;
  installed_at: Date | null;
  uninstalled_at: Date | null;
}

/** Every column of a pass, for statements that read it beside another table. */
export const PASS_COLUMNS = [
  'pass_id',
  'tenant_id',
  'customer_id',
  'serial_number',
  'external_id',
  'pass_type_id',
  'pass_type_version',
  'apple_pass_type_identifier',
  'state',
  'state_sequence',
  'type_sequence',
  'data',
  'field_sequences',
  'visuals',
  'revision',
  'update_tag',
  'lock_version',
  'live_key',
  'test',
  'created_at',
  'modified_at',
  'first_installed_at',
  'installed_at',
  'uninstalled_at',
] as const satisfies readonly (keyof PassRow)[];

/** What changes a pass: each kind is at most one revision per operation. */
export type ChangeKind = 'type' | 'data' | 'metadata' | 'state';

export interface LoadedForChange {
  pass: PassRow;
  operation: {
    kind: string;
    acceptance_sequence: string;
    input: Record<string, unknown>;
    status: string;
    cancel_requested: boolean;
  };
  /** The revision that this operation already made by this kind of change, if a retry comes by. */
  recorded: { revision: number; changed: Record<string, unknown> } | null;
}

/** Pass, operation and an earlier attempt's revision in one round trip; `lock` holds the row until the transaction ends. */
export async function loadForChange(
  sql: Sql,
  ref: OperationRef & { passId: string },
  change: ChangeKind,
  lock = false,
): Promise<LoadedForChange | undefined> {
  const [row] = await sql.query<
    PassRow & { operation: LoadedForChange['operation']; recorded: LoadedForChange['recorded'] }
  >(
    `select p.*, json_build_object('kind', o.kind, 'acceptance_sequence', o.acceptance_sequence::text, 'input', o.input,
                                   'status', o.status, 'cancel_requested', o.cancel_requested) as operation,
            (select json_build_object('revision', r.revision, 'changed', r.changed) from pass_revisions r
              where r.pass_id = p.pass_id and r.operation_id = o.operation_id and r.change = $4) as recorded
       from passes p, operations o
      where p.tenant_id = $1 and p.pass_id = $3 and o.tenant_id = $1 and o.operation_id = $2${lock ? ' for update of p' : ''}`,
    [ref.tenantId, ref.operationId, ref.passId, change],
  );
  if (!row) return undefined;
  const { operation, recorded, ...pass } = row;
  return { pass, operation, recorded };
}

/** Takes the pass type's tag row before the pass row: the order in which every writer locks. */
export async function lockTag(sql: Sql, tenantId: string, applePassTypeIdentifier: string): Promise<void> {
  await sql.query(
    `insert into update_tags (tenant_id, apple_pass_type_identifier) values ($1, $2)
     on conflict (tenant_id, apple_pass_type_identifier) do update set tag = update_tags.tag`,
    [tenantId, applePassTypeIdentifier],
  );
}

/**
 * Moves sequences only (the same was asked for again, later): no revision, nothing for a phone to see. An older request
 * must lose to this one too.
 */
async function moveSequences(
  sql: Sql,
  before: PassRow,
  column: string,
  value: string,
  step: StepRecord,
): Promise<boolean> {
  const rows = await sql.query(
    `with moved as (
       update passes set ${column} = $9, lock_version = lock_version + 1
        where tenant_id = $1 and pass_id = $7 and lock_version = $8 returning revision
     ), step as (
       ${recordStepSql('moved')}
     )
     select revision from moved`,
    [...stepValues(step), before.pass_id, before.lock_version, value],
  );
  return rows.length > 0;
}

/** Equal values of fields, accepted later; false where another writer was faster. */
export const writeSequences = (sql: Sql, before: PassRow, fieldSequences: Record<string, string>, step: StepRecord) =>
  moveSequences(sql, before, 'field_sequences', JSON.stringify(fieldSequences), step);

/** The pass type that the pass has already, asked for later; false where another writer was faster. */
export const writeTypeSequence = (sql: Sql, before: PassRow, typeSequence: string, step: StepRecord) =>
  moveSequences(sql, before, 'type_sequence', typeSequence, step);

/** The state that the pass has already, asked for later; false where another writer was faster. */
export const writeStateSequence = (sql: Sql, before: PassRow, stateSequence: string, step: StepRecord) =>
  moveSequences(sql, before, 'state_sequence', stateSequence, step);
