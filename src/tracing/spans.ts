import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Link,
  type Span,
} from '@opentelemetry/api';

// Where tracing is off, the API does nothing: its SDK is loaded by src/tracing/start-tracing.ts alone.
const tracer = trace.getTracer('passrelay');

/** The most links that OpenTelemetry keeps of a span. */
export const MOST_LINKS = 128;

export interface SpanOrder {
  /** Constant, or made of templates: a name is seen by everybody who sees the trace. */
  name: string;
  kind?: keyof typeof SpanKind;
  attributes?: Attributes;
  /** A `traceparent`; null: the span begins a trace. Absent: the span that runs. */
  parent?: string | null;
  /** `traceparent`s of other traces that it works for. */
  links?: readonly string[];
}

const contextOf = (traceparent: string) => propagation.extract(ROOT_CONTEXT, { traceparent });

function linkTo(traceparent: string): Link[] {
  const context = trace.getSpanContext(contextOf(traceparent));
  return context ? [{ context }] : [];
}

/** The word for an error: never its message, which may quote what it was about. */
function errorType(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'unknown';
}

/** Runs `work` inside a span, which ends with it. */
export function inSpan<T>(order: SpanOrder, work: (span: Span) => Promise<T>): Promise<T> {
  const { name, kind = 'INTERNAL', attributes, parent, links = [] } = order;
  const within = parent === undefined ? context.active() : parent === null ? ROOT_CONTEXT : contextOf(parent);
  const options = {
    kind: SpanKind[kind],
    ...(attributes && { attributes }),
    ...(links.length > 0 && { links: links.slice(0, MOST_LINKS).flatMap(linkTo) }),
  };
  return tracer.startActiveSpan(name, options, within, (span) =>
    work(span)
      .catch((error: unknown) => {
        span.setAttribute('error.type', errorType(error)).setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      })
      .finally(() => span.end()),
  );
}

/** Tells of the running span what it is about. */
export const describeSpan = (attributes: Attributes): void => void trace.getActiveSpan()?.setAttributes(attributes);

/** Marks a span whose work failed without an error. */
export const failSpan = (span: Span, type: string): void =>
  void span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });

/** The running span as log lines name it; nothing where nothing is traced. */
export function traceOfLine(): { trace_id: string; span_id: string } | Record<string, never> {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** The headers that carry the running trace on; none where tracing is off. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** The running span as a `traceparent`, to be kept with what is done later; null where nothing is traced. */
export const currentTraceContext = (): string | null => traceHeaders()['traceparent'] ?? null;
