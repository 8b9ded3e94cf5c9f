import { trace, type Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ApplicationFailure } from '@temporalio/common';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryWorkflowClientInterceptor,
  type OpenTelemetrySinks,
} from '@temporalio/interceptors-opentelemetry';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import { CORRELATION_ID, KIND, TENANT } from '../../workflows/search-attributes.js';
import { parseWorkflowId } from '../../workflows/workflow-ids.js';
import { ATTRIBUTES } from '../attributes.js';
import type { EngineTracing } from '../start-tracing.js';

/** What a run's id and type say of it; those of bursts and deliveries have no operation of their own. */
function ofWorkflow(workflowId: string, workflowType: string): Attributes {
  const parts = parseWorkflowId(workflowId);
  if (!parts) return { [ATTRIBUTES.kind]: workflowType.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) };
  const { kind, operationId, run } = parts;
  return { [ATTRIBUTES.kind]: kind, [ATTRIBUTES.correlationId]: operationId, [ATTRIBUTES.run]: run };
}

/** The ids among a step's arguments. */
function ofStep(input: unknown): Attributes {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const { tenantId, operationId, burstId, deliveryId } = given;
  const named = {
    [ATTRIBUTES.tenant]: tenantId,
    [ATTRIBUTES.correlationId]: operationId,
    [ATTRIBUTES.burst]: burstId,
    [ATTRIBUTES.delivery]: deliveryId,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => typeof value === 'string')) as Attributes;
}

const activityInterceptors: ActivityInterceptorsFactory[] = [
  (context) => ({ inbound: new OpenTelemetryActivityInboundInterceptor(context) }),
  ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const span = trace.getActiveSpan();
        span?.setAttributes({
          ...ofWorkflow(info.workflowExecution?.workflowId ?? '', info.workflowType ?? ''),
          ...ofStep(input.args[0]),
          [ATTRIBUTES.step]: info.activityType,
          [ATTRIBUTES.attempt]: info.attempt,
        });
        try {
          return await next(input);
        } catch (error) {
          if (error instanceof ApplicationFailure && error.type) span?.setAttribute('error.type', error.type);
          throw error;
        }
      },
    },
  }),
];

/** The same ids as its search attributes, by which operators find the run. */
function ofSearchAttributes({ searchAttributes }: Pick<WorkflowInfo, 'searchAttributes'>): Attributes {
  const found = Object.entries({
    [ATTRIBUTES.tenant]: TENANT.name,
    [ATTRIBUTES.kind]: KIND.name,
    [ATTRIBUTES.correlationId]: CORRELATION_ID.name,
  }).map(([attribute, name]) => [attribute, searchAttributes[name]?.[0]] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Attributes;
}

/** The spans of workflows, with what the run is about; the SDK does not call a sink while a workflow is replayed. */
function workflowSinks(processor: SpanProcessor, resource: Resource): InjectedSinks<OpenTelemetrySinks> {
  const exporter = makeWorkflowExporter(processor, resource);
  return {
    exporter: {
      export: {
        callDuringReplay: false,
        fn(info, spans) {
          const run = { temporalWorkflowId: info.workflowId, run_id: info.runId, ...ofSearchAttributes(info) };
          for (const span of spans) {
            const [what, name] = span.name.split(':');
            Object.assign(span.attributes, run, ofWorkflow(info.workflowId, info.workflowType));
            if (what === 'StartActivity') span.attributes[ATTRIBUTES.step] = name;
          }
          return exporter.export.fn(info, spans);
        },
      },
    },
  };
}

/** Temporal's own instrumentation: starts of workflows, workflows, steps. Looks at runs would only be noise. */
export function engineTracing(processor: SpanProcessor, resource: Resource): EngineTracing {
  const client = new OpenTelemetryWorkflowClientInterceptor();
  return {
    activityInterceptors,
    clientInterceptors: [{ startWithDetails: (input, next) => client.startWithDetails(input, next) }],
    sinks: workflowSinks(processor, resource) as EngineTracing['sinks'],
  };
}
