import { context, diag, DiagLogLevel, propagation, trace } from '@opentelemetry/api';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { detectResourcesSync, envDetectorSync, Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Logger } from 'pino';
import type { Tracing, TracingConfig } from '../start-tracing.js';
import { engineTracing } from './engine-tracing.js';
import { KeptAttributes } from './kept-attributes.js';
import { urlTemplate } from './url-template.js';

/** A receiver that is away must not delay the end of a process. */
const STOP_MS = 5_000;
const TELL_EVERY_MS = 60_000;

/** Traces that cannot be sent are lost, and nothing else is: said once a minute. */
function tellOfTrouble(log: Logger): void {
  let toldAt = -Infinity;
  const tell = (message: string): void => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    log.warn({ code: 'traces-not-sent' }, message.slice(0, 300));
  };
  const quiet = (): void => undefined;
  diag.setLogger({ error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
  setGlobalErrorHandler((error) => {
    const { name, code } = error as { name?: string; code?: unknown };
    tell(`traces cannot be sent to the OTLP endpoint (${String(code ?? name ?? 'unknown')})`);
  });
}

/** Sets OpenTelemetry up for this process; what it reads of the environment by itself is in docs/operations.md. */
export function startSdk(config: TracingConfig, serviceName: string, log: Logger): Tracing {
  tellOfTrouble(log);
  const resource = new Resource({ 'service.name': serviceName }).merge(
    detectResourcesSync({ detectors: [envDetectorSync] }),
  );
  const exporter = config.protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter();
  const processor = new KeptAttributes(new BatchSpanProcessor(exporter));
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] });
  // Never baggage: what a caller puts into it would get into Temporal and to providers.
  provider.register({ propagator: new W3CTraceContextPropagator() });
  const calls = new UndiciInstrumentation({
    requireParentforSpans: true,
    startSpanHook: ({ path }) => ({ 'url.template': urlTemplate(path) }),
    requestHook: (span, { method, path }) => span.updateName(`${method} ${urlTemplate(path)}`),
  });
  calls.setTracerProvider(provider);
  return {
    engine: engineTracing(processor, resource),
    async stop() {
      calls.disable();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_MS)));
      // What cannot be sent was logged already.
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}
