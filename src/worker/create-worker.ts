import type { DataConverter } from '@temporalio/common';
import {
  type ActivityInterceptorsFactory,
  type NativeConnection,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { translateFailures } from '../activities/translate-failures.js';
import type { Database } from '../database/connect.js';
import type { RunRef } from '../database/operations/fragments.js';
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
  /** Interceptors inside the failure boundary, nearest to the step: measurement, fault drills. */
  stepInterceptors?: ActivityInterceptorsFactory[];
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

/** A worker whose every step goes through the one boundary that records attempts and translates failures. */
export async function createWorker(options: WorkerOptions): Promise<Worker> {
  const translate = translateFailures(options);
  return Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: options.taskQueue,
    workflowBundle: options.workflowBundle,
    activities: options.activities,
    ...(options.dataConverter && { dataConverter: options.dataConverter }),
    interceptors: {
      activity: [
        (context) => ({
          inbound: {
            async execute(input, next) {
              const args = withRun(context.info.workflowExecution?.workflowId, input.args);
              return translate(context.info.activityType, args[0], () => next({ ...input, args }));
            },
          },
        }),
        ...(options.stepInterceptors ?? []),
      ],
    },
    ...tuning,
  });
}
