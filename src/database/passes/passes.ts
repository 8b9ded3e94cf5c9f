import type { PassState } from '../../passes/pass.js';
import type { JsonValue } from '../../common/json.js';
import type { ShownMessage } from '../../passes/message.js';
import type { ActiveOffer } from '../../passes/offer.js';
import type { Sql } from '../connect.js';
import type { OperationRef } from '../operations/fragments.js';
import { empty, sql } from '../sql.js';

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
  /** The last few, newest last. */
  messages: ShownMessage[];
  /** What lies over the pass now, lowest first. */
  offers: ActiveOffer[];
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
  'messages',
  'offers',
] as const satisfies readonly (keyof PassRow)[];

/** What changes a pass: each kind is at most one revision per operation. */
export type ChangeKind = 'type' | 'data' | 'metadata' | 'state' | 'message' | 'offer';

export interface LoadedForChange {
  pass: PassRow;
  operation: {
    kind: string;
    acceptance_sequence: string;
    input: Record<string, unknown>;
    status: string;
    cancel_requested: boolean;
  };
  /** The revision that this operation already made by this kind of change, if this is a retry. */
  recorded: { revision: number; changed: Record<string, unknown> } | null;
}

/** Pass, operation and an earlier attempt's revision in one round trip; `lock` holds the row until the transaction ends. */
export async function loadForChange(
  db: Sql,
  ref: OperationRef & { passId: string },
  change: ChangeKind,
  lock = false,
): Promise<LoadedForChange | undefined> {
  const [row] = await db.query<
    PassRow & { operation: LoadedForChange['operation']; recorded: LoadedForChange['recorded'] }
  >(sql`
    select p.*,
           json_build_object(
             'kind', o.kind,
             'acceptance_sequence', o.acceptance_sequence::text,
             'input', o.input,
             'status', o.status,
             'cancel_requested', o.cancel_requested) as operation,
           (select json_build_object('revision', r.revision, 'changed', r.changed)
              from pass_revisions r
             where r.tenant_id = p.tenant_id
               and r.pass_id = p.pass_id
               and r.operation_id = o.operation_id
               and r.change = ${change}) as recorded
      from passes p
      join operations o on o.tenant_id = p.tenant_id
     where p.tenant_id = ${ref.tenantId}
       and p.pass_id = ${ref.passId}
       and o.operation_id = ${ref.operationId}
       ${lock ? sql`for update of p` : empty}`);
  if (!row) return undefined;
  const { operation, recorded, ...pass } = row;
  return { pass, operation, recorded };
}

/** Takes the pass type's tag row before the pass row: the order in which every writer locks. */
export async function lockTag(db: Sql, applePassTypeIdentifier: string): Promise<void> {
  await db.query(sql`
    insert into update_tags (tenant_id, apple_pass_type_identifier)
    values (${db.tenantId}, ${applePassTypeIdentifier})
        on conflict (tenant_id, apple_pass_type_identifier) do update set tag = update_tags.tag`);
}
