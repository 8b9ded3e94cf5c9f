import pg from 'pg';
import { connectDatabase } from '../../src/database/connect.js';
import type { CrashPlace } from './crash.js';
import { startEngine } from './engine.js';
import type { TestDatabase } from './database.js';

/**
 * A worker process of its own. Each tenant's work stops at its place; once all are there, the process is killed
 * (SIGKILL, no goodbye). So one death leaves work behind at many places.
 */
const [url, taskQueue, asked] = process.argv.slice(2) as [string, string, string];
const places = JSON.parse(asked) as CrashPlace[];
const LIMIT_MS = 60_000;

const owner = new pg.Pool({ connectionString: url, max: 1 });
const test = {
  url,
  database: connectDatabase({ url }),
  owner: async (text: string, values?: unknown[]) => (await owner.query(text, values)).rows,
} as unknown as TestDatabase;
const pushes = new Map<string, number>();
const missing = new Map(places.map((place) => [place.tenantId, place]));

/** Work that is there goes no further: its promise never settles. */
function stopHere(tenantId: string): Promise<never> {
  missing.delete(tenantId);
  if (missing.size === 0) process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}
setTimeout(() => {
  process.stderr.write(`The worker never came to ${JSON.stringify([...missing.values()])}\n`);
  process.exit(1);
}, LIMIT_MS);

await startEngine(test, {
  taskQueue,
  // One claim takes all that waits: no operation of a burst runs alone.
  burstShares: { atLeast: 10 },
  deps: {
    apple: {
      async push({ tenantId, pushToken }) {
        const place = places.find((one) => one.tenantId === tenantId);
        await owner.query('insert into test_pushes (tenant_id, token) values ($1, $2)', [tenantId, pushToken]);
        const count = (pushes.get(tenantId) ?? 0) + 1;
        pushes.set(tenantId, count);
        if (place?.when === 'inside' && count >= 3) return stopHere(tenantId);
        if (place?.when === 'second attempt') {
          return count === 1 ? { kind: 'transient', reason: 'drill' } : stopHere(tenantId);
        }
        return { kind: 'delivered', apnsId: 'crashing' };
      },
    },
  },
  stepInterceptors: [
    (context) => ({
      inbound: {
        async execute(input, next) {
          const { tenantId } = input.args[0] as { tenantId?: string };
          const place = places.find((one) => one.tenantId === tenantId && one.step === context.info.activityType);
          if (place?.when === 'before') return stopHere(place.tenantId);
          const result = await next(input);
          if (place?.when === 'after') return stopHere(place.tenantId);
          return result;
        },
      },
    }),
  ],
});
