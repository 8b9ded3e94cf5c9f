import { randomUUID } from 'node:crypto';
import { createActivities } from '../../src/activities/index.js';
import type { ActivityDeps, KlaviyoAccess } from '../../src/activities/deps.js';
import type { BackfilledSlice } from '../../src/activities/backfill.js';
import type { WriteBackInput } from '../../src/activities/write-back-step.js';
import { PermanentError, TransientError } from '../../src/common/errors.js';
import { pauseBackfill } from '../../src/database/bulk/backfills.js';
import type { Database, TenantSql } from '../../src/database/connect.js';
import { listSteps } from '../../src/database/operations/operations.js';
import { putSecret, SECRET_NAMES } from '../../src/database/secrets.js';
import { startKlaviyoSimulator, type AccountOptions } from '../../src/simulators/klaviyo/klaviyo.js';
import type { TestDatabase } from './database.js';
import { createTestDeps } from './deps.js';
import { klaviyoAccessTo } from './klaviyo.js';
import { accept } from './operations.js';
import { testSecretBox } from './secret-box.js';
import { seedTenant, type SeededTenant } from './tenant.js';

/** The process has been killed: nothing that it began after this has an effect. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface BackfillDrill {
  tenant: SeededTenant;
  apiKey: string;
  operationId: string;
  simulator: Awaited<ReturnType<typeof startKlaviyoSimulator>>;
  /** Calls the step as the workflow does, over all its waits and deaths, until it has come to `state`. */
  run(until?: BackfilledSlice['state'], settles?: boolean): Promise<void>;
  /** One call of the step. */
  visit(settles?: boolean): Promise<BackfilledSlice>;
  /** Changes a pass, and writes it back as its own operation does. */
  change(passId: string): Promise<void>;
  pause(paused: boolean): Promise<void>;
  progress(): Promise<Record<string, unknown>>;
  pass(minutes: number): void;
  /** How many calls and statements there have been. */
  ticks(): number;
  /** The step of an erasure, which begins with the first call. */
  clearProfile(customerId: string): Promise<void>;
  close(): Promise<void>;
}

interface Interruptions {
  /** At which calls and statements the process dies: before an even one, after an odd one. */
  deaths?: readonly number[];
  /** What happens elsewhere before one of them. */
  meanwhile?: ReadonlyMap<number, () => Promise<void>>;
  account?: Omit<AccountOptions, 'apiKey'>;
  settings?: object;
}

/** A backfill at a Klaviyo whose clock only moves with its work: every call and every statement takes 20 ms. */
export async function startBackfillDrill(
  test: TestDatabase,
  count: number,
  { deaths = [], meanwhile = new Map(), account, settings = {} }: Interruptions = {},
): Promise<BackfillDrill> {
  let now = Date.now();
  let ticks = 0;
  let dead = false;
  // Of its own: an account's budget is kept by it, and each drill has its own time.
  const apiKey = `pk_${randomUUID()}`;
  const simulator = await startKlaviyoSimulator({
    accounts: [{ rateLimits: false, ...account, apiKey }],
    clock: () => now,
  });
  const access = klaviyoAccessTo(test, simulator, { now: () => now });
  const tenant = await seedTenant(test, { klaviyo: { writeBack: true, dataSourceId: null, ...settings } });
  const { tenantId } = tenant;
  await putSecret(test.database.tenant(tenantId), SECRET_NAMES.klaviyoApiKey, apiKey, testSecretBox);
  await test.owner(
    `with people as (
       insert into customers (customer_id, tenant_id, email)
       select gen_random_uuid(), $1, 'b' || n || '-' || $1 || '@example.com' from generate_series(1, $2::int) n
       returning customer_id)
     insert into passes (pass_id, tenant_id, customer_id, serial_number, pass_type_id, pass_type_version)
     select gen_random_uuid(), $1, customer_id, encode(gen_random_bytes(16), 'hex'), $3, 1 from people`,
    [tenantId, count - 1, tenant.passTypes.basic],
  );
  const operationId = await accept(test, tenant, { kind: 'backfill', input: {} });
  const ref = { tenantId, operationId, run: 1 };
  const erasures = new Map<string, string>();
  const alive = createActivities(createTestDeps(test, { klaviyo: access, now: () => now }));

  async function tick<T>(work: () => Promise<T>): Promise<T> {
    if (dead) throw new Killed();
    const place = ++ticks;
    now += 20;
    await meanwhile.get(place)?.();
    const dies = deaths.includes(place);
    if (dies && place % 2 === 0) dead = true;
    if (dead) throw new Killed();
    const done = await work();
    if (dies) dead = true;
    if (dead) throw new Killed();
    return done;
  }
  const wrapped = (sql: TenantSql): TenantSql => ({
    tenantId: sql.tenantId,
    query: (statement, values) => tick(() => sql.query(statement, values)),
    transaction: (work) =>
      sql.transaction((inside) =>
        work({
          tenantId: inside.tenantId,
          query: (statement, values) => tick(() => inside.query(statement, values)),
        }),
      ),
  });
  const database: Database = { ...test.database, tenant: (id) => wrapped(test.database.tenant(id)) };
  const klaviyo: KlaviyoAccess = {
    ...access,
    async forTenant(id) {
      const known = await access.forTenant(id);
      const client = new Proxy(known!.client, {
        get: (target, name) => {
          const call = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
          return (...given: unknown[]) => tick(() => call.apply(target, given));
        },
      });
      return { ...known!, client };
    },
  };
  const deps: ActivityDeps = createTestDeps(test, { klaviyo, database, now: () => now });
  const mortal = createActivities(deps);

  /** Write-backs that waited for a row which the step holds: it goes on when they have given up. */
  const later: WriteBackInput[] = [];
  async function writeBack(step: WriteBackInput): Promise<void> {
    for (let tries = 0; tries < 5; tries++) {
      const wrote = await alive['write-back-profile'](step).catch((error: unknown) => error);
      // A profile that Klaviyo does not take fails for good; what may pass is tried again, as the worker does.
      if (!(wrote instanceof Error) || wrote instanceof PermanentError) return;
      if (!(wrote instanceof TransientError)) return void later.push(step);
      now += 60_000;
    }
  }
  async function change(passId: string): Promise<void> {
    await test.owner(
      `update passes set state = case when state = 'active' then 'voided' else 'active' end, revision = revision + 1 where pass_id = $1`,
      [passId],
    );
    const input = { passId, reason: null };
    const changed = await accept(test, tenant, { kind: 'void-pass', input, passId } as never);
    const step = { tenantId, operationId: changed, run: 1, passId, event: null };
    await writeBack(step);
  }
  const visit = async (settles = false): Promise<BackfilledSlice> => {
    dead = false;
    try {
      return await mortal.backfill({ ...ref, ...(settles && { settles }) } as never);
    } finally {
      for (const step of later.splice(0)) await writeBack(step);
    }
  };
  return {
    tenant,
    apiKey,
    operationId,
    simulator,
    visit,
    change,
    async run(until = 'finished', settles = false) {
      for (let visits = 0; visits < 500; visits++) {
        const slice = await visit(settles).catch((error: unknown) => {
          if (error instanceof Killed) return { state: 'killed', waitMs: 2_000 } as const;
          const { code, retryAfterMs = 2_000 } = error as { code?: string; retryAfterMs?: number };
          // What the worker retries.
          if (code === 'klaviyo-unreachable' || code === 'klaviyo-unavailable') {
            return { state: 'running', waitMs: retryAfterMs } as const;
          }
          throw error;
        });
        if (slice.state === until) return;
        now += slice.waitMs;
      }
      throw new Error(`the backfill does not come to "${until}"`);
    },
    async pause(paused) {
      await pauseBackfill(test.database.tenant(tenantId), paused);
    },
    async progress() {
      const steps = await listSteps(test.database.tenant(tenantId), operationId);
      return steps.find(({ step }) => step === 'backfill')!.detail;
    },
    pass: (minutes) => void (now += minutes * 60_000),
    ticks: () => ticks,
    async clearProfile(customerId) {
      const erase = { kind: 'erase-customer', input: { customerId }, idempotencyKey: `erase/${customerId}` } as const;
      erasures.set(customerId, erasures.get(customerId) ?? (await accept(test, tenant, erase)));
      await alive['clear-profile']({ tenantId, operationId: erasures.get(customerId)!, run: 1 });
    },
    close: () => simulator.close(),
  };
}

export interface WrittenState {
  pass_id: string;
  email: string;
  state: string;
  serial_number: string;
  klaviyo_profile_id: string | null;
  customer_id: string;
}

/** The passes of a tenant, as they are to stand in Klaviyo. */
export const passesOf = (test: TestDatabase, { tenantId }: SeededTenant): Promise<WrittenState[]> =>
  test.owner<WrittenState>(
    `select p.pass_id, c.customer_id, c.email, p.state, p.serial_number, c.klaviyo_profile_id
       from passes p join customers c using (customer_id) where p.tenant_id = $1 order by p.pass_id`,
    [tenantId],
  );
