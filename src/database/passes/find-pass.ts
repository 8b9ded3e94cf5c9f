import type { Hit } from '../../passes/choose-pass.js';
import type { OperationRow } from '../operations/operations.js';
import { askedIdentifiers } from '../operations/asked-identifiers.js';
import { isUnfinished } from '../operations/fragments.js';
import { leadsOf } from '../operations/leads.js';
import type { Sql } from '../connect.js';
import { raw, sql } from '../sql.js';
import { PASS_COLUMNS, type PassRow } from './passes.js';

type LoadedOperation = Pick<
  OperationRow,
  | 'operation_id'
  | 'acceptance_sequence'
  | 'kind'
  | 'origin'
  | 'input'
  | 'status'
  | 'outcome'
  | 'pass_id'
  | 'customer_id'
  | 'revision'
  | 'cancel_requested'
  | 'test'
  | 'accepted_at'
  | 'run'
>;

export interface LoadedWithHits {
  operation: LoadedOperation;
  hits: Hit[];
  /** The pass itself where all hits are of one: the step that changes it need not read it again. */
  pass: PassRow | null;
}

const PASS_PREFIX = 'found.';
const passColumns = PASS_COLUMNS.map((column) => `found.${column} as "${PASS_PREFIX}${column}"`).join(', ');

/** The operation and every pass that one of its identifiers leads to, in one round trip; each lookup is an index probe. */
export async function loadWithHits(db: Sql, operationId: string): Promise<LoadedWithHits | undefined> {
  const [row] = await db.query<LoadedOperation & { hits: Hit[] | null }>(
    sql`
      with
        operation as materialized (
          select
            operation_id,
            acceptance_sequence,
            kind,
            origin,
            input,
            status,
            outcome,
            pass_id,
            customer_id,
            revision,
            cancel_requested,
            test,
            accepted_at,
            run
          from operations
          where tenant_id = ${db.tenantId} and operation_id = ${operationId}
        ),
        asked as materialized (
          select operation.operation_id, i.kind, i.value
          from operation cross join lateral ${askedIdentifiers(sql`operation.input`)} i
        ),
        leads as (${leadsOf(db.tenantId, 'operation_id')})
      select
        operation.*,
        (
          select
            jsonb_agg(
              jsonb_build_object(
                'kind',
                l.kind,
                'passId',
                p.pass_id,
                'customerId',
                p.customer_id,
                'state',
                p.state,
                'passTypeId',
                p.pass_type_id,
                'passTypeName',
                t.name
              )
            )
          from leads l
            join passes p on p.pass_id = l.pass_id
            join pass_types t on t.tenant_id = p.tenant_id
            and t.pass_type_id = p.pass_type_id
        ) as hits,
        ${raw(passColumns)}
      from operation
        left join passes found on found.tenant_id = ${db.tenantId}
        and found.pass_id = (select (array_agg(pass_id)) [1] from leads having count(distinct pass_id) = 1)`,
  );
  if (!row) return undefined;
  const { hits, ...columns } = row;
  const pass: Record<string, unknown> = {};
  const operation: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(columns)) {
    if (name.startsWith(PASS_PREFIX)) pass[name.slice(PASS_PREFIX.length)] = value;
    else operation[name] = value;
  }
  return {
    operation: operation as unknown as LoadedOperation,
    hits: hits ?? [],
    pass: pass['pass_id'] === null ? null : (pass as unknown as PassRow),
  };
}

/** Those operations that share an identifier with an accepted issue-pass which has not made its pass yet. */
export async function findPassesBeingCreated(tenant: Sql, operationIds: readonly string[]): Promise<Set<string>> {
  const { tenantId } = tenant;
  const rows = await tenant.query<{ operation_id: string }>(sql`
    with creating as materialized (
      select i.kind, i.value
        from operations o cross join lateral ${askedIdentifiers(sql`o.input`)} i
       where o.tenant_id = ${tenantId}
         and o.kind = 'issue-pass'
         and o.pass_id is null
         and ${isUnfinished('o')}
    )
    select distinct mine.operation_id
      from operations mine
     cross join lateral ${askedIdentifiers(sql`mine.input`)} m
      join creating c on c.kind = m.kind and c.value = m.value
     where mine.tenant_id = ${tenantId}
       and mine.operation_id = any(${operationIds}::uuid[])`);
  return new Set(rows.map((row) => row.operation_id));
}

/** Whose pass this is; undefined where the tenant has no such pass. */
export async function customerOfPass(db: Sql, passId: string): Promise<string | undefined> {
  const [row] = await db.query<{ customer_id: string }>(
    sql`select customer_id from passes where tenant_id = ${db.tenantId} and pass_id = ${passId}`,
  );
  return row?.customer_id;
}
