import type { ActivityInterceptorsFactory, InjectedSinks, WorkerOptions } from '@temporalio/worker';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { Logger } from 'pino';

export interface TracingConfig {
  protocol: 'http/protobuf' | 'http/json';
}

/** What a worker and its dispatcher need so that a trace goes through Temporal. */
export interface EngineTracing {
  activityInterceptors: ActivityInterceptorsFactory[];
  clientInterceptors: WorkflowClientInterceptor[];
  /** The way of a workflow's spans out of its sandbox. */
  sinks: NonNullable<WorkerOptions['sinks']> & InjectedSinks<never>;
}

export interface Tracing {
  engine: EngineTracing;
  /** Sends what has ended, for some seconds at most. */
  stop(): Promise<void>;
}

/** Starts tracing; without an endpoint nothing of it is loaded, and null returned. */
export async function startTracing(
  config: TracingConfig | null,
  serviceName: string,
  log: Logger,
): Promise<Tracing | null> {
  if (config === null) return null;
  const { startSdk } = await import('./sdk/start-sdk.js');
  return startSdk(config, serviceName, log);
}
