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

/** A row of `notifications`: what one operation told one wallet. */
export interface StoredNotification {
  operation_id: string;
  platform: string;
  target: string;
  state: string;
  reason: string | null;
  covered_by: string | null;
}

/** A row of `operation_steps`. */
export interface StoredStep {
  operation_id: string;
  step: string;
  state: string;
  attempts: number;
  detail: Record<string, JsonValue>;
}

/** A row of `apple_devices`. */
export interface StoredDevice {
  device_id: string;
  device_library_identifier: string;
  push_token: string;
  token_gone_at: Date | null;
}

/** A row of `device_log`. */
export interface StoredReport {
  message: string;
  pass_id: string | null;
  device_id: string | null;
}

/** A row of `webhook_endpoints`. */
export interface StoredEndpoint {
  state: string;
  disabled_reason: string | null;
  disabled_at: Date | null;
  failing_since: Date | null;
}

/** What rows are looked for by; all that is given must fit. */
interface By {
  tenantId?: string;
  operationId?: string;
  operationIds?: readonly string[];
  passId?: string;
  customerId?: string;
  revision?: number;
  kind?: string;
  origin?: string;
  platform?: string;
  step?: string;
}

type One<Row> = <Column extends keyof Row & string = keyof Row & string>(
  id: string | null | undefined,
  ...columns: Column[]
) => Promise<Pick<Row, Column>>;
type Many<Row, Names extends keyof By> = <Column extends keyof Row & string = keyof Row & string>(
  by: Pick<By, Names>,
  ...columns: Column[]
) => Promise<Pick<Row, Column>[]>;

/** Reads what is stored, past row level security, by what names it: the columns that are named, or all of them. */
export interface Rows {
  operation: One<OperationRow>;
  /** In the order of acceptance. */
  operations: Many<OperationRow, 'tenantId' | 'customerId' | 'operationIds' | 'kind' | 'origin'>;
  /** How many of them have not ended. */
  unfinished(by: Pick<By, 'tenantId' | 'operationIds'>): Promise<number>;
  pass: One<PassRow>;
  passBySerial: One<PassRow>;
  /** In the order of their making. */
  passes: Many<PassRow, 'tenantId' | 'customerId'>;
  customer: One<CustomerRow>;
  customerByEmail: One<CustomerRow>;
  /** Oldest first. */
  revisions: Many<StoredRevision, 'passId' | 'operationId' | 'revision'>;
  /** In the order in which merchants hear of them. */
  events: Many<StoredEvent, 'operationId' | 'passId' | 'tenantId'>;
  /** By wallet. */
  notifications: Many<StoredNotification, 'operationId' | 'tenantId' | 'platform'>;
  /** By name. */
  steps: Many<StoredStep, 'operationId' | 'step'>;
  /** Oldest first. */
  devices: Many<StoredDevice, 'tenantId'>;
  /** Oldest first. */
  deviceLog: Many<StoredReport, 'tenantId'>;
  endpoint: One<StoredEndpoint>;
  /** `kind:value` of everything that leads to a customer, sorted. */
  identifiers(customerId: string): Promise<string[]>;
}

const COLUMNS: Readonly<Record<keyof By, string>> = {
  tenantId: 'tenant_id',
  operationId: 'operation_id',
  operationIds: 'operation_id',
  passId: 'pass_id',
  customerId: 'customer_id',
  revision: 'revision',
  kind: 'kind',
  origin: 'origin',
  platform: 'platform',
  step: 'step',
};

/** The condition that rows fit what they are looked for by, and its values. */
function fits(by: By): { where: string; values: unknown[] } {
  const given = Object.entries(by) as [keyof By, unknown][];
  const conditions = given.map(
    ([name, value], i) => `${COLUMNS[name]} = ${Array.isArray(value) ? `any($${i + 1})` : `$${i + 1}`}`,
  );
  return { where: ['true', ...conditions].join(' and '), values: given.map(([, value]) => value) };
}

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
    async (by: By, ...columns: string[]): Promise<never[]> => {
      const { where, values } = fits(by);
      return (await query(`select ${list(columns)} from ${table} where ${where} order by ${order}`, values)) as never[];
    };
  return {
    operation: one('operations', 'operation_id'),
    operations: many('operations', 'acceptance_sequence'),
    async unfinished(by) {
      const { where, values } = fits(by);
      return (await query(`select from operations where ${where} and ended_at is null`, values)).length;
    },
    pass: one('passes', 'pass_id'),
    passBySerial: one('passes', 'serial_number'),
    passes: many('passes', 'created_at'),
    customer: one('customers', 'customer_id'),
    customerByEmail: one('customers', 'email'),
    revisions: many('pass_revisions', 'revision'),
    events: many('events', 'sequence'),
    notifications: many('notifications', 'platform'),
    steps: many('operation_steps', 'step'),
    devices: many('apple_devices', 'created_at'),
    deviceLog: many('device_log', 'log_id'),
    endpoint: one('webhook_endpoints', 'endpoint_id'),
    async identifiers(customerId) {
      const text = `select kind || ':' || value as id from customer_identifiers where customer_id = $1 order by 1`;
      return ((await query(text, [customerId])) as { id: string }[]).map(({ id }) => id);
    },
  };
}
