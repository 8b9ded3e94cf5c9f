import type { CustomerRow } from '../../src/database/customers/customers.js';
import type { OperationRow } from '../../src/database/operations/operations.js';
import type { PassRow } from '../../src/database/passes/passes.js';
import type { JsonValue } from '../../src/common/json.js';
import type { TestDatabase } from './database.js';

/** A row of `events`, as merchants are told it. */
export interface StoredEvent {
  event_id: string;
  tenant_id: string;
  type: string;
  operation_id: string | null;
  pass_id: string | null;
  payload: Record<string, JsonValue>;
}

/** A row of `pass_revisions`. */
export interface StoredRevision {
  pass_id: string;
  revision: number;
  operation_id: string | null;
  change: string;
  changed: JsonValue;
}

type One<Row> = <Column extends keyof Row & string = keyof Row & string>(
  id: string | null | undefined,
  ...columns: Column[]
) => Promise<Pick<Row, Column>>;
type Many<Row, By> = <Column extends keyof Row & string = keyof Row & string>(
  by: By,
  ...columns: Column[]
) => Promise<Pick<Row, Column>[]>;

/** Reads what is stored, past row level security, by what names it: the columns that are named, or all of them. */
export interface Rows {
  operation: One<OperationRow>;
  /** In the order of acceptance. */
  operations: Many<OperationRow, { tenantId: string } | { customerId: string }>;
  pass: One<PassRow>;
  passBySerial: One<PassRow>;
  customer: One<CustomerRow>;
  /** Oldest first. */
  revisions: Many<StoredRevision, { passId: string }>;
  /** In the order in which merchants hear of them. */
  events: Many<StoredEvent, { operationId: string } | { passId: string } | { tenantId: string }>;
  /** `kind:value` of everything that leads to a customer, sorted. */
  identifiers(customerId: string): Promise<string[]>;
}

const KEYS = {
  operationId: 'operation_id',
  passId: 'pass_id',
  customerId: 'customer_id',
  tenantId: 'tenant_id',
} as const;

/** Readers of this database's rows. */
export function rowsOf({ owner: query }: Pick<TestDatabase, 'owner'>): Rows {
  const list = (columns: readonly string[]): string => (columns.length > 0 ? columns.join(', ') : '*');
  const one =
    (table: string, key: string) =>
    async (id: string | null | undefined, ...columns: string[]): Promise<never> => {
      const [row] = await query(`select ${list(columns)} from ${table} where ${key} = $1`, [id]);
      if (row === undefined) throw new Error(`${table} has no row whose ${key} is ${id}`);
      return row as never;
    };
  const many =
    (table: string, order: string) =>
    async (by: object, ...columns: string[]): Promise<never[]> => {
      const [[key, id]] = Object.entries(by) as [[keyof typeof KEYS, string]];
      const text = `select ${list(columns)} from ${table} where ${KEYS[key]} = $1 order by ${order}`;
      return (await query(text, [id])) as never[];
    };
  return {
    operation: one('operations', 'operation_id'),
    operations: many('operations', 'acceptance_sequence'),
    pass: one('passes', 'pass_id'),
    passBySerial: one('passes', 'serial_number'),
    customer: one('customers', 'customer_id'),
    revisions: many('pass_revisions', 'revision'),
    events: many('events', 'sequence'),
    async identifiers(customerId) {
      const text = `select kind || ':' || value as id from customer_identifiers where customer_id = $1 order by 1`;
      return ((await query(text, [customerId])) as { id: string }[]).map(({ id }) => id);
    },
  };
}
