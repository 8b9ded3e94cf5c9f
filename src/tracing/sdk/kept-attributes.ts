import { type Attributes, type Context, type SpanStatus, trace } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor, TimedEvent } from '@opentelemetry/sdk-trace-base';
import { ATTRIBUTES, KEPT_ATTRIBUTES } from '../attributes.js';

const INHERITED = Object.values(ATTRIBUTES).filter(
  (name) => name !== ATTRIBUTES.result && name !== ATTRIBUTES.attempt && name !== ATTRIBUTES.run,
);

const only = (attributes: Attributes, names: Iterable<string>): Attributes =>
  Object.fromEntries(
    [...names].flatMap((name) => (attributes[name] === undefined ? [] : [[name, attributes[name]] as const])),
  );

/** Failures that Temporal shows anyway, with messages made for it; a message of any other error may quote a request. */
const mayTell = (span: ReadableSpan): boolean => span.instrumentationLibrary.name.startsWith('@temporalio/');

function keptStatus(span: ReadableSpan): SpanStatus {
  const { code, message } = span.status;
  return message !== undefined && mayTell(span) ? { code, message } : { code };
}

const keptEvent = ({ name, time, attributes }: TimedEvent): TimedEvent => ({
  ...{ name, time },
  attributes: only(attributes ?? {}, ['exception.type']),
});

/**
 * Lets out of each span only what is named in KEPT_ATTRIBUTES, whichever library made it: no address, no header, no message.
 * A span takes over of its parent what it is about.
 */
export class KeptAttributes implements SpanProcessor {
  constructor(private readonly next: SpanProcessor) {}

  onStart(span: Span, parentContext: Context): void {
    const parent = trace.getSpan(parentContext) as Partial<ReadableSpan> | undefined;
    if (parent?.attributes) span.setAttributes({ ...only(parent.attributes, INHERITED), ...span.attributes });
    this.next.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    this.next.onEnd(
      Object.create(span, {
        attributes: { value: only(span.attributes, KEPT_ATTRIBUTES) },
        events: { value: span.events.map(keptEvent) },
        links: { value: span.links.map(({ context }) => ({ context })) },
        status: { value: keptStatus(span) },
      }) as ReadableSpan,
    );
  }

  forceFlush(): Promise<void> {
    return this.next.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.next.shutdown();
  }
}
