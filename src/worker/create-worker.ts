import type { Context } from '@temporalio/activity';
import type { DataConverter } from '@temporalio/common';
import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { translateFailures, type Attempt } from '../activities/translate-failures.js';
import type { Database } from '../database/connect.js';
import type { RunRef } from '../database/operations/fragments.js';
import type { EngineTracing } from '../tracing/start-tracing.js';
import type { WorkerVersion } from '../settings-reader.js';
import { deliveryQueue } from '../workflows/task-queues.js';
import { parseWorkflowId } from '../workflows/workflow-ids.js';

export interface WorkerOptions {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  workflowBundle: WorkflowBundleOption;
  /** As the clients have it that start workflows. */
  dataConverter?: DataConverter;
  activities: object;
  database: Database;
  log: Logger;
  /** What this worker announces of itself; null or absent: nothing. */
  version?: WorkerVersion | null;
  /** Interceptors inside the failure boundary, nearest to the step: measurement, fault drills. */
  stepInterceptors?: ActivityInterceptorsFactory[];
  /** Null or absent: nothing is traced. Otherwise the bundle is the traced one. */
  tracing?: EngineTracing | null;
}

/** Slots and time-outs; the bench gives the bare workflows it compares with the same. */
export const tuning = {
  maxConcurrentWorkflowTaskExecutions: 40,
  maxConcurrentLocalActivityExecutions: 60,
  maxConcurrentActivityTaskExecutions: 100,
  maxCachedWorkflows: 500,
  // After a hard kill the dead worker's sticky queue holds its workflows back for this long.
  stickyQueueScheduleToStartTimeout: '2s',
  shutdownGraceTime: '10s',
  shutdownForceTime: '20s',
} as const;

/** Tells a step which run of its operation it works for, as the workflow's id says; a step of several operations says it itself. */
export function withRun(workflowId: string | undefined, args: unknown[]): unknown[] {
  const workflow = workflowId === undefined ? null : parseWorkflowId(workflowId);
  const [input, ...rest] = args as [Partial<RunRef> | undefined, ...unknown[]];
  if (!workflow || input?.operationId !== workflow.operationId) return args;
  return [{ ...input, run: workflow.run }, ...rest];
}

/** Tells Temporal that the process lives, where the step's options ask for it: another worker takes over soon after it died. */
function keepAlive(context: Context): () => void {
  const { heartbeatTimeoutMs, isLocal } = context.info;
  if (isLocal || !heartbeatTimeoutMs) return () => undefined;
  // What the attempts before have kept stays with it.
  const timer = setInterval(() => context.heartbeat(context.info.heartbeatDetails), heartbeatTimeoutMs / 3);
  return () => clearInterval(timer);
}

interface Kept {
  ownFailures: number;
}

/** What a regular activity knows of its attempts. Temporal hands the details of the last heartbeat to the next one. */
function attemptOf(context: Context): Attempt | null {
  const { isLocal, attempt, retryPolicy, heartbeatDetails } = context.info;
  if (isLocal) return null;
  // Milliseconds, as the SDK reads them from the server.
  const { initialInterval, backoffCoefficient = 2, maximumInterval = Infinity } = retryPolicy ?? {};
  return {
    number: attempt,
    pauses:
      typeof initialInterval === 'number' && typeof maximumInterval === 'number'
        ? { initialMs: initialInterval, coefficient: backoffCoefficient, longestMs: maximumInterval }
        : null,
    ownFailures: (heartbeatDetails as Kept | undefined)?.ownFailures ?? 0,
    keepOwnFailures: (ownFailures) => context.heartbeat({ ownFailures } satisfies Kept),
  };
}

/** The slots of deliveries: few, for each of them only waits for an answer. */
const deliveryTuning = {
  ...tuning,
  maxConcurrentWorkflowTaskExecutions: 16,
  maxConcurrentLocalActivityExecutions: 8,
  maxConcurrentActivityTaskExecutions: 80,
  maxCachedWorkflows: 100,
} as const;

/** The workers of one process: one for operations, one for deliveries. */
export interface WorkerPair {
  /** Settles when both have ended; rejects when one ended by a fault, after the other was shut down. */
  run(): Promise<void>;
  shutdown(): void;
  isRunning(): boolean;
}

/** Workers whose every step goes through the one boundary that records attempts and translates failures. */
export async function createWorker(options: WorkerOptions): Promise<WorkerPair> {
  const workers = [
    await workerOf(options, options.taskQueue, tuning),
    await workerOf(options, deliveryQueue(options.taskQueue), deliveryTuning),
  ];
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    shutdown,
    isRunning: () => workers.every((worker) => worker.getState() === 'RUNNING'),
    async run() {
      const runs = workers.map((worker) => worker.run().finally(shutdown));
      await Promise.allSettled(runs);
      await Promise.all(runs);
    },
  };
}

function workerOf(
  options: WorkerOptions,
  taskQueue: string,
  slots: typeof tuning | typeof deliveryTuning,
): Promise<Worker> {
  const translate = translateFailures(options);
  return Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue,
    workflowBundle: options.workflowBundle,
    activities: options.activities,
    ...(options.dataConverter && { dataConverter: options.dataConverter }),
    ...(options.version && {
      workerDeploymentOptions: {
        version: options.version,
        useWorkerVersioning: true,
        // A run ends on the build that it began on: no change of a workflow can meet a history that it does not fit.
        defaultVersioningBehavior: 'PINNED' as const,
      },
    }),
    ...(options.tracing && { sinks: options.tracing.sinks }),
    interceptors: {
      activity: [
        // Outside the boundary: a span says of a failure what Temporal gets.
        ...(options.tracing?.activityInterceptors ?? []),
        (context) => ({
          inbound: {
            async execute(input, next) {
              const args = withRun(context.info.workflowExecution?.workflowId, input.args);
              const stopBeating = keepAlive(context);
              const { activityType } = context.info;
              return translate(activityType, args[0], () => next({ ...input, args }), attemptOf(context)).finally(
                stopBeating,
              );
            },
          },
        }),
        ...(options.stepInterceptors ?? []),
      ],
    },
    ...slots,
  });
}
