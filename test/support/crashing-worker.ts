import pg from 'pg';
import { connectDatabase } from '../../src/database/connect.js';
import { startEngine } from './engine.js';
import type { TestDatabase } from './database.js';

/**
 * A worker process of its own that is killed (SIGKILL, no goodbye) right before or right after a step of one operation, or
 * of its burst; or within a step: while it pushes, or while it pushes anew what was in trouble at first.
 */
const [url, taskQueue, operationId, when, step] = process.argv.slice(2) as [
  string,
  string,
  string,
  'before' | 'after' | 'inside' | 'second attempt',
  string,
];
const owner = new pg.Pool({ connectionString: url, max: 1 });
const test = {
  url,
  database: connectDatabase({ url }),
  owner: async (text: string, values?: unknown[]) => (await owner.query(text, values)).rows,
} as unknown as TestDatabase;
let pushes = 0;
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
};

await startEngine(test, {
  taskQueue,
  // One claim takes all that waits: no operation of a burst runs alone.
  burstShares: { atLeast: 10 },
  deps: {
    apple: {
      async push({ pushToken }) {
        await owner.query('insert into test_pushes (operation_id, token) values ($1, $2)', [operationId, pushToken]);
        pushes += 1;
        if (when === 'inside' && pushes === 3) die();
        if (when === 'second attempt') return pushes === 1 ? { kind: 'transient', reason: 'drill' } : die();
        return { kind: 'delivered', apnsId: 'crashing' };
      },
    },
  },
  stepInterceptors: [
    (context) => ({
      inbound: {
        async execute(input, next) {
          const mine =
            context.info.activityType === step &&
            (step.startsWith('burst-') || (input.args[0] as { operationId?: string }).operationId === operationId);
          if (mine && when === 'before') die();
          const result = await next(input);
          if (mine && when === 'after') die();
          return result;
        },
      },
    }),
  ],
});
