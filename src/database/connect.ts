import { createHash } from 'node:crypto';
import knexFactory, { type Knex } from 'knex';
import type { Client } from 'pg';
import { keepConnections } from './keep-connections.js';
import type { Statement } from './sql.js';
import { LostConnection } from './unavailable.js';

/** The name under which the system itself connects. The policies of row level security know it, and no tenant may have it. */
const SYSTEM = '*';

/** One statement at a time, each with its rows. Text is constant: it becomes a prepared statement. */
export interface Sql {
  /** On whose behalf the statements run; '*' for the system itself. */
  readonly tenantId: string;
  /** A string with positional values: only for statements that have not moved to the `sql` template yet. */
  query<Row = Record<string, unknown>>(statement: Statement | string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Statements on behalf of one tenant: row level security hides everything else. */
export interface TenantSql extends Sql {
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

/** Statements of the system itself, which see every tenant: key lookup, dispatcher, devices that know no tenant. */
export interface SystemSql extends Sql {
  readonly tenantId: typeof SYSTEM;
}

export interface Database {
  tenant(tenantId: string): TenantSql;
  readonly system: SystemSql & TenantSql;
  readonly knex: Knex;
  close(): Promise<void>;
}

export interface ConnectOptions {
  url: string;
  poolMax?: number;
  statementTimeoutMs?: number;
  applicationName?: string;
}

type PooledClient = Client & { passrelayTenant?: string; __knex__disposed?: unknown };

/** What the network may add to a statement's time before the connection counts as dead. */
const SILENCE_MS = 3_000;

const names = new Map<string, string>();
/** How many different statements this process has prepared: constant once each kind of work was done once. */
export const countStatementShapes = (): number => names.size;

const statementName = (text: string): string => {
  let name = names.get(text);
  if (name === undefined) {
    name = `p${createHash('sha1').update(text).digest('hex').slice(0, 20)}`;
    names.set(text, name);
  }
  return name;
};

/**
 * What the server refused has a code of its own. Without one the connection ended or fell silent: it may still wait for the old
 * answer, so it leaves the pool.
 */
function lost(client: PooledClient | undefined, error: unknown): unknown {
  // Other names are mistakes of ours, or say enough already.
  if (!(error instanceof Error) || 'code' in error || error.name !== 'Error') return error;
  if (client) client.__knex__disposed = error;
  return new LostConnection(error);
}

/**
 * Opens a pool whose connections act as the role `passrelay_app`, which cannot step over row level security.
 * The tenant of a connection is a session setting, sent again only when it changes, and tenants keep to their connections.
 */
export function connectDatabase(options: ConnectOptions): Database {
  const statementTimeoutMs = options.statementTimeoutMs ?? 5_000;
  const knex = knexFactory({
    client: 'pg',
    // Every error reaches its caller; knex would print it a second time.
    log: { warn() {}, error() {}, debug() {}, deprecate() {} },
    connection: {
      connectionString: options.url,
      application_name: options.applicationName ?? 'passrelay',
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + SILENCE_MS,
      keepAlive: true,
    },
    acquireConnectionTimeout: 4_000,
    pool: {
      min: 0,
      max: options.poolMax ?? 20,
      afterCreate: (client: PooledClient, done: (error: unknown, client: PooledClient) => void) => {
        client.query("set role passrelay_app; set passrelay.tenant = ''", (error: unknown) => done(error, client));
      },
    },
  });

  const run = async <Row>(client: PooledClient, text: string, values: readonly unknown[]): Promise<Row[]> => {
    try {
      const result = await client.query({ name: statementName(text), text, values: values as unknown[] });
      return result.rows as Row[];
    } catch (error) {
      throw lost(client, error);
    }
  };
  const split = (statement: Statement | string, values: readonly unknown[]): [string, readonly unknown[]] =>
    typeof statement === 'string' ? [statement, values] : [statement.text, statement.values];

  const on = (tenantId: string, client: PooledClient): Sql => ({
    tenantId,
    query: <Row>(statement: Statement | string, values: readonly unknown[] = []) =>
      run<Row>(client, ...split(statement, values)),
  });

  const connections = keepConnections<PooledClient>(
    () => knex.client.pool as object | undefined,
    ({ passrelayTenant }) => passrelayTenant,
  );

  async function acquire(tenantId: string): Promise<PooledClient> {
    try {
      return await connections.take<PooledClient>(tenantId, () => knex.client.acquireConnection());
    } catch (error) {
      throw lost(undefined, error);
    }
  }

  async function withClient<T>(tenantId: string, work: (client: PooledClient) => Promise<T>): Promise<T> {
    const client = await acquire(tenantId);
    try {
      if (client.passrelayTenant !== tenantId) {
        await run(client, "select set_config('passrelay.tenant', $1, false)", [tenantId]);
        client.passrelayTenant = tenantId;
      }
      return await work(client);
    } finally {
      connections.giving(client);
      await knex.client.releaseConnection(client);
    }
  }

  const acting = (tenantId: string): TenantSql => ({
    tenantId,
    query: <Row>(statement: Statement | string, values: readonly unknown[] = []) =>
      withClient(tenantId, (client) => run<Row>(client, ...split(statement, values))),
    transaction: (work) =>
      withClient(tenantId, async (client) => {
        await run(client, 'begin', []);
        try {
          const result = await work(on(tenantId, client));
          await run(client, 'commit', []);
          return result;
        } catch (error) {
          // The first error is the one to tell; a connection that cannot roll back has gone, and its transaction with it.
          await client.query('rollback').catch(() => undefined);
          throw error;
        }
      }),
  });

  return {
    knex,
    system: { ...acting(SYSTEM), tenantId: SYSTEM },
    tenant(tenantId) {
      if (tenantId === SYSTEM) throw new Error('"*" is not a tenant');
      // Nothing is kept: strangers ask in the name of tenants that do not exist.
      return acting(tenantId);
    },
    close: () => knex.destroy(),
  };
}
