import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { startLoop } from '../common/loop.js';
import { claimAccepted, releaseClaims, type Dispatchable, type Shares } from '../database/operations/dispatch.js';
import type { BurstShares } from '../database/bursts/dispatch.js';
import type { Database } from '../database/connect.js';
import type { Flood } from '../passes/burst-kind.js';
import { createBursts } from './bursts.js';
import { startCancellations } from './cancellations.js';
import { startDueOperations } from './due-operations.js';
import { startFanOut } from './fan-out.js';
import { reconcile, startReconciler } from './reconcile.js';
import { startDeliveryReconciler } from './reconcile-deliveries.js';
import { isTemporalTrouble, repairAfterRefusal } from './start-trouble.js';
import { createRecentStarts } from './recent-starts.js';
import { startRecordChecks } from './record-checks.js';
import { startWorkflow, type StartOptions } from './start-workflow.js';

export interface DispatcherOptions extends StartOptions {
  database: Database;
  client: Client;
  log: Logger;
  batch?: number;
  leaseMs?: number;
  /** Makes again what Temporal has lost with its data: the search attributes that each start names. */
  repair?: () => Promise<void>;
  /** How often to look without being nudged: what a crash or an outage left over. */
  sweepMs?: number;
  /** Instead of those that ship, for tests. */
  burstShares?: Partial<BurstShares>;
}

export interface Dispatcher {
  /** Something was accepted: look now. Cheap to call often. */
  nudge(): void;
  stop(): Promise<void>;
}

/** How long a claim holds before another dispatcher may take the operation. */
const CLAIM_MS = 15_000;
const RETRY_MS = 1_000;
const REPAIR_EVERY_MS = 5_000;
const SOON_MS = 25;
const IN_FLIGHT = 64;
/**
 * By processor, as engine, database and workers share them, and for each dispatcher, as each brings a worker. Alone a tenant
 * may fill all of them; where others were seen lately, it gets a start for two of them at each look.
 */
const PROCESSORS = availableParallelism();
const ALONE = 4 * PROCESSORS;
const BESIDE_OTHERS = Math.ceil(PROCESSORS / 2);
const PRESENT_MS = 600_000;
/** While others' single requests are served, a flood gets a start no sooner than this after its last one. */
const GIVE_WAY_MS = 50;
/** After a look for floods that found none: single requests cost a few queries a second more, not one each. */
const FLOOD_LOOK_MS = 100;

/**
 * Starts the workflow of every accepted operation. It runs beside each worker and shares its connection, so that the
 * server returns the first task at once. The database decides who takes what, so any number may run.
 */
export function startDispatcher(options: DispatcherOptions): Dispatcher {
  const { database, client, log } = options;
  const batch = options.batch ?? 100;
  const leaseMs = options.leaseMs ?? CLAIM_MS;
  const dispatcherId = randomUUID();
  const inFlight = new Set<Promise<void>>();
  const recent = createRecentStarts(PRESENT_MS);
  let flooded: Flood[] = [];
  const afterRefusal = repairAfterRefusal(async () => {
    await options
      .repair?.()
      .catch((err: unknown) => log.warn({ err }, 'the search attributes could not be registered again'));
  }, REPAIR_EVERY_MS);
  const bursts = createBursts({ ...options, leaseMs, dispatcherId, afterRefusal, shares: options.burstShares ?? {} });

  function shares(): Shares {
    const now = performance.now();
    return {
      dispatcherId,
      perTenant: recent.since(now - PRESENT_MS).length > 1 ? BESIDE_OTHERS : ALONE,
      giveWay: recent.since(now - GIVE_WAY_MS),
      flooded,
    };
  }

  /** Tenants that got their whole share: more of them may wait. */
  function wholeShares(claimed: readonly Dispatchable[]): Set<string> {
    const counts = new Map<string, number>();
    for (const { tenant_id: tenant } of claimed) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    return new Set([...counts].filter(([, count]) => count >= BESIDE_OTHERS).map(([tenant]) => tenant));
  }

  async function start(operation: Dispatchable): Promise<boolean> {
    try {
      const started = await startWorkflow(client, operation, options);
      // Terminated before its first step: it would be started again and again without effect.
      if (started === 'ran-before') {
        const { tenant_id: tenantId, operation_id: operationId, kind, run } = operation;
        await reconcile(options, { tenantId, operationId, kind, run, burstId: null });
      }
      return true;
    } catch (error) {
      log.warn(
        { err: error, operationId: operation.operation_id },
        'a workflow could not be started; it will be tried again',
      );
      await afterRefusal(error);
      const afterMs = isTemporalTrouble(error) ? null : RETRY_MS;
      await releaseClaims(database.system, [operation.operation_id], afterMs).catch(
        () => undefined, // The claim ends by itself.
      );
      return false;
    }
  }

  let troubled = false;
  let lookAgainMs = SOON_MS;
  let mayFlood = true;
  let lastWhole = new Set<string>();
  let floodLookAtMs = 0;

  /** Claims what may start now and starts it; the answer says when to run again. */
  async function look(): Promise<true | { pauseMs: number; inTrouble?: true }> {
    await bursts.sweep();
    if (mayFlood) {
      flooded = await bursts.look();
      if (flooded.length === 0) floodLookAtMs = performance.now() + FLOOD_LOOK_MS;
    }
    const free = Math.min(batch, IN_FLIGHT - inFlight.size);
    const claimed = free > 0 ? await claimAccepted(database.system, free, leaseMs, shares()) : [];
    const claimedAny = claimed.length > 0 || flooded.length > 0;
    const whole = wholeShares(claimed);
    // Asked only after a tenant got its whole share in two claims that followed each other, and now and then.
    const again = [...whole].some((tenant) => lastWhole.has(tenant));
    mayFlood = flooded.length > 0 || (again && performance.now() >= floodLookAtMs);
    // Looks between them claim nothing where a busy machine has not done the first step: they do not count.
    if (claimed.length > 0) lastWhole = whole;
    for (const operation of claimed) {
      recent.add(operation.tenant_id, performance.now());
      const started: Promise<void> = start(operation).then((ok) => {
        troubled ||= !ok;
        // Only a full house needs waking: a claim per finished start would cost a query per operation.
        const wasFull = inFlight.size >= IN_FLIGHT;
        inFlight.delete(started);
        if (wasFull || !ok) loop.nudge();
      });
      inFlight.add(started);
    }
    if (claimed.length === free && free > 0 && inFlight.size < IN_FLIGHT) return true;
    if (troubled) {
      troubled = false;
      return { pauseMs: RETRY_MS, inTrouble: true };
    }
    // A tenant that has as many started as it may gets the next ones when workers have caught up: look soon.
    lookAgainMs = claimedAny ? SOON_MS : Math.min(lookAgainMs * 2, options.sweepMs ?? 1_000);
    return { pauseMs: lookAgainMs };
  }

  const loop = startLoop({ name: 'starting accepted operations', everyMs: RETRY_MS, log, look });
  const besides = [
    startFanOut({ database, client, log, taskQueue: options.taskQueue, afterRefusal }),
    startCancellations({ database, client, log }),
    startReconciler({ database, client, log }),
    startRecordChecks({ database, client, log, taskQueue: options.taskQueue, afterRefusal }),
    startDueOperations({ database, log, nudge: loop.nudge }),
    startDeliveryReconciler({ database, client, log }),
  ];
  return {
    nudge: loop.nudge,
    async stop() {
      await Promise.all([loop.stop(), ...besides.map((beside) => beside.stop())]);
      await Promise.allSettled([...inFlight]);
    },
  };
}
