/** What of tarn's pool decides who gets which connection; internals of it: where they are missing, any one serves. */
interface Pool<Connection> {
  /** The last one is handed out next. */
  free?: { resource: Connection }[];
  /** The first one is served next. */
  pendingAcquires?: object[];
}

/** So often the first of those that wait may be overtaken: about one statement of each connection. */
const OVERTAKEN = 20;

/**
 * Lets tenants keep to their connections, as one that changes its tenant costs a commit: a free one that acts for the tenant
 * goes first, and a connection that becomes free goes to one who waits in the name of the same tenant.
 */
export function keepConnections<Connection>(
  poolOf: () => Pool<Connection> | undefined,
  tenantOf: (one: Connection) => string | undefined,
) {
  const waiting = new WeakMap<object, { tenantId: string; overtaken: number }>();
  return {
    /** Makes `take`, which asks the pool at once, get the best connection for a tenant. */
    take<T>(tenantId: string, take: () => Promise<T>): Promise<T> {
      const { free = [] } = poolOf() ?? {};
      const own = free.findLastIndex(({ resource }) => tenantOf(resource) === tenantId);
      // None acts for the tenant: the one that has been free for longest changes to it.
      free.push(...free.splice(Math.max(own, 0), 1));
      const taking = take();
      const asked = poolOf()?.pendingAcquires?.at(-1);
      if (asked && !waiting.has(asked)) waiting.set(asked, { tenantId, overtaken: 0 });
      return taking;
    },
    /** To be called before a connection is given back. */
    giving(connection: Connection): void {
      const { pendingAcquires: queue = [] } = poolOf() ?? {};
      const first = queue[0] && waiting.get(queue[0]);
      if (!first || first.overtaken >= OVERTAKEN) return;
      const tenantId = tenantOf(connection);
      const next = queue.findIndex((asked) => waiting.get(asked)?.tenantId === tenantId);
      if (next <= 0) return;
      first.overtaken += 1;
      queue.unshift(...queue.splice(next, 1));
    },
  };
}
