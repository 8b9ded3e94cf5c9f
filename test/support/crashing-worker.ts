import pg from 'pg';
import type { ActivityDeps } from '../../src/activities/deps.js';
import { connectDatabase } from '../../src/database/connect.js';
import type { CrashPlace, CrashProviders } from './crash.js';
import { startEngine } from './engine.js';
import type { TestDatabase } from './database.js';
import { googleAccessTo } from './google.js';
import { klaviyoAccessTo } from './klaviyo.js';

/**
 * A worker process of its own. Each tenant's work stops at its place; once all are there, the process is killed
 * (SIGKILL, no goodbye). So one death leaves work behind at many places.
 */
const [url, taskQueue, asked, given] = process.argv.slice(2) as [string, string, string, string];
const places = JSON.parse(asked) as CrashPlace[];
const providers = JSON.parse(given) as CrashProviders | null;
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

const goesUnanswered = (tenantId: string, step: string): boolean =>
  places.some((place) => place.when === 'unanswered' && place.tenantId === tenantId && place.step === step);

/** The same client, whose caller never learns that a request was taken. */
function unanswered<T extends object>(client: T, tenantId: string, isIt: (name: string, first: unknown) => boolean): T {
  return new Proxy(client, {
    get(target, name: string) {
      const method = target[name as keyof T] as unknown;
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        const answer: unknown = await method.apply(target, args);
        return isIt(name, args[0]) ? stopHere(tenantId) : answer;
      };
    },
  });
}

function accessToProviders({ google, klaviyo }: CrashProviders): Pick<ActivityDeps, 'google' | 'klaviyo'> {
  const [wallet, write] = [googleAccessTo(test, google), klaviyoAccessTo(test, klaviyo)];
  const isObject = (name: string, kind: unknown) =>
    ['insert', 'patch', 'put', 'ensure'].includes(name) && String(kind).endsWith('Object');
  return {
    google: {
      async forTenant(tenantId) {
        const access = await wallet.forTenant(tenantId);
        if (!access || !goesUnanswered(tenantId, 'update-google-object')) return access;
        return { ...access, client: unanswered(access.client, tenantId, isObject) };
      },
    },
    klaviyo: {
      ...write,
      async forTenant(tenantId) {
        const account = await write.forTenant(tenantId);
        if (!account || !goesUnanswered(tenantId, 'write-back-event')) return account;
        return { ...account, client: unanswered(account.client, tenantId, (name) => name === 'createEvent') };
      },
    },
  };
}

await startEngine(test, {
  taskQueue,
  // One claim takes all that waits: no operation of a burst runs alone.
  burstShares: { atLeast: 10 },
  deps: {
    ...(providers && accessToProviders(providers)),
    apple: {
      async push({ tenantId, pushToken }) {
        const place = places.find((one) => one.tenantId === tenantId);
        await owner.query('insert into test_pushes (tenant_id, token) values ($1, $2)', [tenantId, pushToken]);
        const count = (pushes.get(tenantId) ?? 0) + 1;
        pushes.set(tenantId, count);
        if (place?.when === 'inside' && count >= 3) return stopHere(tenantId);
        if (goesUnanswered(tenantId, 'notify-devices')) return stopHere(tenantId);
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
